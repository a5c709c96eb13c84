//! From a model's pattern to one that texts can be drawn from.
//!
//! The models' patterns are checked by [`crate::reference`], and match far more than anybody
//! would send: every letter of Unicode, texts without end. What is drawn from is narrower, and
//! need not be exact: whoever draws asks the judge whether the text fits.

use std::iter::Peekable;
use std::str::Chars;

/// Which characters stand for the wide classes (`\p{L}`, `\S`, `.`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// Letters, digits and marks of ASCII.
    Plain,
    /// A few of many scripts, combining marks and symbols.
    World,
}

/// How long a repetition without an end may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    /// Fewest repetitions, where the pattern's own minimum is lower.
    pub(super) least: usize,
    /// Most repetitions.
    pub(super) most: usize,
}

/// Rewrites `pattern` in what a generator understands: anchors, flags and look-around left out,
/// wide classes narrowed to `script`, repetitions bounded.
pub(super) fn drawable(pattern: &str, script: Script, lengths: Lengths) -> String {
    let mut rewriter = Rewriter { rest: pattern.chars().peekable(), script, lengths };
    rewriter.rewrite()
}

/// Counts the repetitions without an end.
pub(super) fn endless(pattern: &str) -> usize {
    let mut count = 0;
    let (mut escaped, mut in_class, mut repeated) = (false, false, false);
    for c in pattern.chars() {
        let endless = !escaped && !in_class && !repeated && matches!(c, '*' | '+');
        count += usize::from(endless);
        match c {
            '[' if !escaped => in_class = true,
            ']' if !escaped => in_class = false,
            _ => {}
        }
        repeated = endless;
        escaped = c == '\\' && !escaped;
    }
    count
}

struct Rewriter<'a> {
    rest: Peekable<Chars<'a>>,
    script: Script,
    lengths: Lengths,
}

impl Rewriter<'_> {
    fn rewrite(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '^' | '$' => {}
                '.' => out.push_str(&format!("[{}]", self.class_of("any"))),
                '[' => out.push_str(&self.class()),
                '\\' => match self.escape() {
                    Escaped::Class(class) => out.push_str(&format!("[{class}]")),
                    Escaped::Text(text) => out.push_str(&text),
                },
                '(' if self.rest.peek() == Some(&'?') => self.group(&mut out),
                '*' => self.repeat(&mut out, 0),
                '+' => self.repeat(&mut out, 1),
                '{' => self.counted(&mut out),
                other => out.push(other),
            }
        }
        out
    }

    /// Bounds a repetition; a lazy or possessive mark behind it changes nothing that is drawn.
    fn repeat(&mut self, out: &mut String, least: usize) {
        self.rest.next_if(|c| matches!(c, '?' | '+'));
        let least = least.max(self.lengths.least);
        out.push_str(&format!("{{{least},{}}}", least.max(self.lengths.most)));
    }

    /// Copies `{n}` and `{n,m}`, and gives `{n,}` an end.
    fn counted(&mut self, out: &mut String) {
        let mut count = String::new();
        while let Some(c) = self.rest.next_if(|c| *c != '}') {
            count.push(c);
        }
        self.rest.next();
        match count.strip_suffix(',').and_then(|least| least.parse::<usize>().ok()) {
            Some(least) => out.push_str(&format!("{{{least},{}}}", least + self.lengths.most)),
            None => out.push_str(&format!("{{{count}}}")),
        }
    }

    /// Copies `(?:`, leaves out flags and look-around.
    fn group(&mut self, out: &mut String) {
        self.rest.next();
        if self.rest.next_if_eq(&':').is_some() {
            out.push_str("(?:");
            return;
        }
        let mut depth = 1;
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => drop(self.rest.next()),
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Rewrites a class. One that says what must not be there becomes letters and digits.
    fn class(&mut self) -> String {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut inner = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                ']' => break,
                '\\' => match self.escape() {
                    Escaped::Class(text) | Escaped::Text(text) => inner.push_str(&text),
                },
                other => inner.push(other),
            }
        }
        match negated {
            true => format!("[{}]", self.class_of("L")),
            false => format!("[{inner}]"),
        }
    }

    fn escape(&mut self) -> Escaped {
        match self.rest.next() {
            Some('p') => {
                let mut name = String::new();
                for c in self.rest.by_ref() {
                    match c {
                        '{' => {}
                        '}' => break,
                        other => name.push(other),
                    }
                }
                Escaped::Class(self.class_of(&name).into())
            }
            Some('w') => Escaped::Class("0-9A-Za-z_".into()),
            Some('d') => Escaped::Class("0-9".into()),
            Some('s') => Escaped::Class(" ".into()),
            Some('S') => Escaped::Class(self.class_of("visible").into()),
            Some(other) => Escaped::Text(format!("\\{other}")),
            None => Escaped::Text(String::new()),
        }
    }

    /// Returns what stands between the brackets for one of the wide classes.
    ///
    /// Without `$`, which begins an expression in scenarios before a brace.
    fn class_of(&self, name: &str) -> &'static str {
        let plain = self.script == Script::Plain;
        match name {
            "L" if plain => "A-Za-z",
            "L" => "A-Za-zäéßøñçğœЖщλΩאبअ漢字かナ한",
            "M" if plain => "A-Za-z",
            "M" => "\u{301}\u{308}\u{93e}",
            "N" if plain => "0-9",
            "N" => "0-9٣४½Ⅷ²",
            "P" if plain => r"!#%&'()*,./:;?@_\-",
            "P" => r"!%*,./:;?@_\-…«»¿、。·",
            "S" if plain => r"+<=>|\^",
            "S" => r"+<=>|€£±×☃💥",
            "Z" => " ",
            "visible" if plain => r"A-Za-z0-9!#%&*+,./:;=?@_\-",
            "visible" => r"A-Za-z0-9!+,.:@_\-äéßЖλא漢か한€☃💥",
            _ if plain => r"A-Za-z0-9 ,.:_\-",
            _ => r"A-Za-z0-9 ,.:_\-äéßЖλא漢か한€☃💥",
        }
    }
}

/// What an escape stands for.
enum Escaped {
    /// The inside of a class.
    Class(String),
    /// Itself.
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &str) {
        let lengths = Lengths { least: 0, most: 9 };
        assert_eq!(drawable(pattern, Script::Plain, lengths), expected);
    }

    #[test]
    fn what_nothing_can_be_drawn_from_is_left_out() {
        check(r"^[0-9A-Za-z\.\-_]*(?<!\.)$", r"[0-9A-Za-z\.\-_]{0,9}");
        check(r"(?s).*", r"[A-Za-z0-9 ,.:_\-]{0,9}");
        check(r"a++b*?", r"a{1,9}b{0,9}");
    }

    #[test]
    fn wide_classes_are_narrowed() {
        check(r"[\w-]+_[0-9a-f-]+", r"[0-9A-Za-z_-]{1,9}_[0-9a-f-]{1,9}");
        check(r"[^_\p{Z}]\d{6}", r"[A-Za-z][0-9]{6}");
        check(r"[\p{L}\p{N}\s*]*\{####\}", r"[A-Za-z0-9 *]{0,9}\{####\}");
        check(r"(un)?authenticated", r"(un)?authenticated");
        check(r"[a-z]{2,}", r"[a-z]{2,11}");
    }

    #[test]
    fn repetitions_without_an_end_are_counted() {
        assert_eq!(endless(r"[\w+]+"), 1);
        assert_eq!(endless(r"[\w\s+=,.@-]+\+[*]*"), 2);
        assert_eq!(endless(r"[a-z]{1,3}"), 0);
    }
}
