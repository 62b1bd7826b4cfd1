//! Tables by what we make ourselves: names, ids, fingerprints.

use std::collections::HashMap;

/// A table whose keys are made by us or given by the user. What a stranger says is only looked up in it, so that nobody can
/// make it slow. A request looks up a dozen: this hash costs a fifth of that of the standard library.
pub type ByName<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
