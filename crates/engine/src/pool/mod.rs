//! Who may be used now.
