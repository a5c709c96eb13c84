//! Lays out a [kill matrix](crate::kills).

use std::collections::BTreeMap;
use std::time::Duration;

use super::sheet::{Mark, Sheet};
use super::text::counted;
use crate::kills::{Fate, Figures, Kill, Matrix, RuleKills, WANTED};
use crate::reference::faults::rules::Way;

/// Names in a list before the rest is only counted.
const NAMED: usize = 40;

/// Lays out a matrix; `all` shows every rule, and every name in a list.
pub fn sheet(matrix: &Matrix, all: bool) -> Sheet {
    let mut sheet = Sheet::default();
    faultless(&mut sheet, matrix);
    nulls(&mut sheet, matrix);
    faults(&mut sheet, matrix);
    rules(&mut sheet, matrix, all);
    untested(&mut sheet, matrix, all);
    verdict(&mut sheet, matrix);
    sheet
}

fn faultless(sheet: &mut Sheet, matrix: &Matrix) {
    if matrix.faultless.is_empty() {
        return;
    }
    sheet.title("The reference as it is");
    let heads = ["seed", "cases", "requests", "time", "findings", "indeterminate"];
    let row = |clean: &crate::kills::Faultless| {
        vec![
            clean.seed.to_string(),
            clean.cases.to_string(),
            clean.requests.to_string(),
            time(clean.elapsed_ms),
            clean.alarms.len().to_string(),
            clean.indeterminate.len().to_string(),
        ]
    };
    sheet.table(heads.map(str::to_owned).into(), matrix.faultless.iter().map(row).collect());
    let seed =
        |clean: &crate::kills::Faultless, line: &String| format!("seed {}: {line}", clean.seed);
    let lines = matrix.faultless.iter();
    let lines = lines.flat_map(|clean| {
        let all = clean.alarms.iter().chain(&clean.indeterminate);
        all.map(move |line| seed(clean, line))
    });
    sheet.items(lines.collect());
}

fn nulls(sheet: &mut Sheet, matrix: &Matrix) {
    if matrix.nulls.is_empty() {
        return;
    }
    sheet.title("Null servers: cases that pass, of all, by level");
    let levels = crate::outcome::Level::ALL;
    let heads = ["server".to_owned()].into_iter().chain(levels.map(|level| level.to_string()));
    let row = |null: &crate::kills::Null| {
        let cell = |level| match null.levels.get(&level) {
            Some(tally) => format!("{} of {}", tally.pass, tally.total()),
            None => "-".into(),
        };
        let cells = levels.into_iter().map(cell);
        [null.server.name().to_owned()]
            .into_iter()
            .chain(cells)
            .chain([time(null.elapsed_ms)])
            .collect()
    };
    let heads = heads.chain(["time".to_owned()]).collect();
    sheet.table(heads, matrix.nulls.iter().map(row).collect());
    let passed = matrix.nulls.iter().flat_map(|null| {
        null.passed.iter().take(NAMED).map(|case| format!("{} passes {case}", null.server.name()))
    });
    sheet.items(passed.collect());
    let idle = matrix.nulls.iter().filter(|null| null.idle > 0).map(|null| {
        let cases = counted(null.idle, "case");
        format!(
            "{}: {cases} that pass promise nothing of how calls are answered",
            null.server.name()
        )
    });
    sheet.items(idle.collect());
}

fn faults(sheet: &mut Sheet, matrix: &Matrix) {
    if matrix.faults.is_empty() {
        return;
    }
    sheet.title("Named faults");
    let heads = ["fault", "level", "first", "speaks for it", "all that saw it", "requests", "time"];
    let row = |kill: &Kill| {
        let shot = kill.first.as_ref();
        let first = match shot {
            Some(shot) if shot.fails => shot.check.clone(),
            Some(shot) => format!("{} (note)", shot.check),
            None if kill.settled => "nothing".into(),
            None => "not yet".into(),
        };
        let speaks = match (&kill.spoken, kill.settled) {
            (Some(_), _) => kill.speaks.clone(),
            (None, true) => format!("not {}", kill.speaks),
            (None, false) => format!("{}?", kill.speaks),
        };
        let checks: Vec<&str> = kill.checks.keys().map(String::as_str).collect();
        let requests = shot.map_or(kill.requests, |shot| shot.requests);
        let level = kill.level.map_or_else(String::new, |level| level.to_string());
        let (fault, requests) = (kill.fault.clone(), requests.to_string());
        vec![fault, level, first, speaks, checks.join(", "), requests, time(kill.elapsed_ms)]
    };
    sheet.table(heads.map(str::to_owned).into(), matrix.faults.iter().map(row).collect());
}

fn rules(sheet: &mut Sheet, matrix: &Matrix, all: bool) {
    if matrix.rules.is_empty() {
        return;
    }
    sheet.title("Rules, broken one by one");
    let heads =
        ["way", "fails a run", "is noted", "goes unnoticed", "no case meets it", "not played"];
    let row = |way: Way| {
        let count = |fits: &dyn Fn(&Fate) -> bool| {
            let fates = matrix.rules.iter().filter_map(|rule| rule.ways.get(&way));
            fates.filter(|fate| fits(fate)).count().to_string()
        };
        vec![
            way.name().to_owned(),
            count(&|fate| matches!(fate, Fate::Killed { .. })),
            count(&|fate| matches!(fate, Fate::Noted { .. })),
            count(&|fate| *fate == Fate::Survived),
            count(&|fate| *fate == Fate::Unmet),
            count(&|fate| *fate == Fate::Unknown),
        ]
    };
    sheet.table(heads.map(str::to_owned).into(), Way::ALL.map(row).into());
    if all {
        let heads = ["rule", "evidence", "cases", "accepted", "code", "words"];
        let row = |rule: &RuleKills| {
            let fate = |way: Way| rule.ways.get(&way).map_or_else(|| "-".into(), spelled);
            let (evidence, raised) = (rule.evidence.to_string(), rule.raised.to_string());
            let [accepted, code, words] = Way::ALL.map(fate);
            vec![rule.rule.clone(), evidence, raised, accepted, code, words]
        };
        sheet.table(heads.map(str::to_owned).into(), matrix.rules.iter().map(row).collect());
    }
}

fn spelled(fate: &Fate) -> String {
    match fate {
        Fate::Killed { check, .. } => check.clone(),
        Fate::Noted { check, .. } => format!("{check} (note)"),
        Fate::Survived => "unnoticed".into(),
        Fate::Unmet => "not met".into(),
        Fate::Unknown => "not played".into(),
    }
}

fn untested(sheet: &mut Sheet, matrix: &Matrix, all: bool) {
    let survivors: Vec<String> =
        matrix.survivors().map(|kill| format!("{}: {}", kill.fault, kill.about)).collect();
    list(sheet, "Named faults that nothing saw", survivors, all);
    if !matrix.faults.is_empty() {
        let silent = matrix.untested_checks().into_iter().map(str::to_owned).collect();
        list(sheet, "Checks and properties that were the first to see no fault", silent, all);
    }
    let weak = matrix.weak_rules().map(|rule| {
        let ways = rule.ways.iter().filter(|(_, fate)| **fate == Fate::Survived);
        let ways: Vec<&str> = ways.map(|(way, _)| way.name()).collect();
        format!("{} ({})", rule.rule, ways.join(", "))
    });
    list(sheet, "Rules that can be broken unnoticed", weak.collect(), all);
    let unmet = matrix.unmet_rules().map(|rule| rule.rule.clone());
    list(sheet, "Rules that no case meets", unmet.collect(), all);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in matrix.rules.iter().filter_map(|rule| rule.unreachable.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let unreachable: usize = reasons.values().sum();
    if unreachable > 0 {
        let text = format!(
            "{unreachable} more rules are out of the reference's reach, by the rulebook's word."
        );
        sheet.line(Mark::Aside, text);
    }
    if !matrix.rules.is_empty() {
        let effects = matrix.effects.len();
        sheet.line(
            Mark::Aside,
            format!("{effects} rules promise effects, not refusals: no fault is made from those."),
        );
    }
}

fn list(sheet: &mut Sheet, title: &str, mut names: Vec<String>, all: bool) {
    if names.is_empty() {
        return;
    }
    sheet.title(format!("{title}: {}", names.len()));
    if !all && names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(format!("and {more} more (verbose shows them)"));
    }
    sheet.items(names);
}

fn verdict(sheet: &mut Sheet, matrix: &Matrix) {
    let figures = matrix.figures();
    let Figures { faults, caught, noted, spoken, broken, killed, rules_noted, .. } = figures;
    sheet.title("Figures");
    if faults > 0 {
        let share = caught as f64 * 100.0 / faults as f64;
        let text = format!(
            "{caught} of {faults} named faults caught ({share:.1}%), {noted} of them by notes only; \
             {spoken} seen by the check that speaks for them"
        );
        sheet.line(Mark::Plain, text);
    }
    if broken > 0 {
        let unnoticed = broken - killed - rules_noted;
        let text = format!(
            "{broken} faults made from rules: {killed} fail a run, {rules_noted} are noted, \
             {unnoticed} go unnoticed"
        );
        sheet.line(Mark::Plain, text);
    }
    if !matrix.faultless.is_empty() {
        let seeds = matrix.faultless.len();
        let text =
            format!("{} findings on the reference as it is, in {seeds} seeds", figures.alarms);
        sheet.line(Mark::Plain, text);
    }
    if !matrix.nulls.is_empty() {
        let text = format!(
            "{} cases about errors, behaviour, the model or security pass a null server",
            figures.null_passes
        );
        sheet.line(Mark::Plain, text);
    }
    let (mark, text) = match (matrix.complete, matrix.is_good()) {
        (_, false) => (
            Mark::Bad,
            format!(
                "not good enough: {WANTED}% of the named faults are to be caught, no false alarm raised, and no null server to pass"
            ),
        ),
        (false, true) => (Mark::Unsure, "cut short: the figures are of what was played".into()),
        (true, true) => (Mark::Good, "as it has to be".into()),
    };
    sheet.line(mark, format!("{text} ({}, seed {})", time(matrix.elapsed_ms), matrix.seed));
}

fn time(ms: u64) -> String {
    let spent = Duration::from_millis(ms);
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{:.1} s", spent.as_secs_f64()),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}
