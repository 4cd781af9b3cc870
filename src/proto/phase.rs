//! Who may send what when.
