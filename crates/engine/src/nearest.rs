//! The name that was probably meant by one that was misspelt.

/// The nearest of these names, if it is near enough to have been meant.
///
/// ```
/// use evergrant_engine::nearest::nearest;
///
/// assert_eq!(nearest("xai-ouath", ["openai", "xai-oauth"]), Some("xai-oauth"));
/// assert_eq!(nearest("nosuch", ["openai", "xai-oauth"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = name.chars().count();
    let (distance, found) = known
        .into_iter()
        .map(|known| (distance(name, known), known))
        .min_by_key(|(distance, _)| *distance)?;
    (distance > 0 && distance <= LETTERS_MAX.min(letters / 2)).then_some(found)
}

/// What a sentence about an unknown name goes on with; nothing where no name is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known)
        .map(|meant| format!("; did you mean `{meant}`?"))
        .unwrap_or_default()
}

/// How many letters must be written, dropped or exchanged to make one of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut here = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let exchanged = above[column] + usize::from(letter != *against);
            here.push(exchanged.min(above[column + 1] + 1).min(here[column] + 1));
        }
        above = here;
    }
    above.last().copied().unwrap_or_default()
}

/// Two letters exchanged are two.
const LETTERS_MAX: usize = 2;
