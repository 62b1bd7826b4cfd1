//! The built-in rows as embedded text.

macro_rules! rows {
    ($($file:literal),* $(,)?) => {
        /// File name and text of each built-in row, in the table's order.
        pub(super) const BUILT_IN: &[(&str, &str)] = &[
            $((concat!("built-in:", $file), include_str!(concat!("rows/", $file))),)*
        ];
    };
}

rows!["xai-oauth.toml", "xai.toml", "openai.toml",];
