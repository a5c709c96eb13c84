//! Views of the catalogue for readers: text and data, nothing is printed here.
