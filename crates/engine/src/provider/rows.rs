//! The built-in rows as embedded text.

macro_rules! rows {
    ($($file:literal),* $(,)?) => {
        /// File name and text of each built-in row, in the table's order.
        pub(super) const BUILT_IN: &[(&str, &str)] = &[
            $((concat!("built-in:", $file), include_str!(concat!("rows/", $file))),)*
        ];
    };
}

rows![
    "xai-oauth.toml",
    "xai.toml",
    "openai-codex.toml",
    "openai.toml",
    "anthropic.toml",
    "nous.toml",
    "gemini.toml",
    "deepseek.toml",
    "mistral.toml",
    "groq.toml",
    "kimi.toml",
    "zai.toml",
    "dashscope.toml",
    "minimax.toml",
    "nvidia.toml",
    "fireworks.toml",
    "together.toml",
    "deepinfra.toml",
    "cerebras.toml",
    "perplexity.toml",
    "openrouter.toml",
    "huggingface.toml",
    "opencode-zen.toml",
    "opencode-go.toml",
    "ollama.toml",
    "lmstudio.toml",
];
