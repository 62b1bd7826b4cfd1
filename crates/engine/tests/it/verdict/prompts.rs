//! Prompts full of the words by which providers tell errors: made by a grammar, the same ones in every run.

/// A generator of numbers; the same seed, the same numbers (Marsaglia's xorshift, 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn one<'w>(&mut self, of: &[&'w str]) -> &'w str {
        of[self.below(of.len())]
    }
}

/// That many prompts.
pub(super) fn prompts(count: usize) -> Vec<String> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|_| prompt(&mut dice)).collect()
}

/// As many names, such as somebody gives a model, a tool or a project.
pub(super) fn names(count: usize) -> Vec<String> {
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);
    let one = |dice: &mut Dice| {
        let joint = dice.one(&["-", "_", ".", "/"]);
        let words = [
            dice.one(CODES),
            dice.one(&["v2", "mini", "quota", "401", "unauthorized", "large"]),
        ];
        words.join(joint).replace([':', ' '], "-")
    };
    (0..count).map(|_| one(&mut dice)).collect()
}

/// One to four pieces of what people paste.
fn prompt(dice: &mut Dice) -> String {
    let count = 1 + dice.below(4);
    let pieces: Vec<String> = (0..count).map(|_| piece(dice)).collect();
    let prompt = pieces.join(dice.one(&[" ", "\n", "\n\n", ": ", " - ", "; "]));
    // Some paste a whole log.
    if dice.below(12) == 0 {
        [prompt, "\n".to_owned()].concat().repeat(40)
    } else {
        prompt
    }
}

fn piece(dice: &mut Dice) -> String {
    let (code, other) = (dice.one(CODES), dice.one(CODES));
    let sentence = dice.one(SENTENCES);
    let status = dice.one(&["401", "402", "403", "429", "500", "503", "529"]);
    match dice.below(14) {
        0 => sentence.to_owned(),
        1 => format!("why do I get {code}?"),
        2 => format!(
            "{} {sentence}",
            dice.one(&["Translate:", "Fix this:", "Explain", "What's wrong with"])
        ),
        3 => format!("{{\"error\":{{\"code\":\"{code}\",\"type\":\"{other}\",\"message\":\"{sentence}\"}}}}"),
        4 => format!("{{'error': {{'message': '{sentence}', 'code': {status}}}}}"),
        5 => format!(
            "Traceback (most recent call last):\n  File \"app.py\", line {status}, in call\n    raise AuthenticationError(\"{code}\")\n\
             openai.AuthenticationError: Error code: {status} - {{'error': '{code}'}}"
        ),
        6 => format!(
            "<!DOCTYPE html><html><head><title>{status} {sentence}</title></head><body><h1>{code}</h1></body></html>"
        ),
        7 => format!("Authorization: Bearer sk-{code}\nWWW-Authenticate: Bearer error=\"invalid_token\""),
        8 => format!("see https://docs.example.com/errors/{code}?status={status}#{other}"),
        9 => format!("HTTP/1.1 {status} Unauthorized\nx-error: {code}\n\n{sentence}"),
        10 => format!("[WKE=unauthenticated:{code}] {sentence}"),
        11 => format!("data: {{\"type\":\"error\",\"error\":\"{code}\"}}\n\ndata: [DONE]"),
        12 => format!("it's \"{sentence}\", isn't it? 'cause `{code}` and '{other}' came back"),
        _ => format!("error={code}&error_description={}", sentence.replace(' ', "+")),
    }
}

const CODES: &[&str] = &[
    "unauthorized",
    "invalid_api_key",
    "insufficient_quota",
    "invalid_grant",
    "invalid_token",
    "rate_limit_exceeded",
    "rate_limit_error",
    "overloaded_error",
    "authentication_error",
    "permission_denied",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
    "API_KEY_INVALID",
    "unauthenticated:bad-credentials",
    "model_not_found",
    "context_length_exceeded",
    "content_policy_violation",
    "usage_limit_reached",
    "billing_hard_limit_reached",
    "account_deactivated",
    "insufficient_scope",
    "token_expired",
    "refresh_token_reused",
    "ExpiredTokenException",
    "ThrottlingException",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "request_too_large",
];

const SENTENCES: &[&str] = &[
    "Unauthorized",
    "Incorrect API key provided",
    "The OAuth2 access token could not be validated.",
    "You exceeded your current quota, please check your plan and billing details.",
    "Your credit balance is too low to access the API.",
    "Rate limit reached for requests per min. Please try again in 20s.",
    "You have hit your usage limit. Resets in 6 days",
    "Weekly usage limit reached. Resets in 6hr 29min.",
    "do not have an active Grok subscription",
    "Your account has been suspended",
    "This organization has been disabled",
    "Just a moment... Checking your browser before accessing",
    "Attention Required! | Cloudflare",
    "The model is overloaded, try again later",
    "This model's maximum context length is 8192 tokens",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "Invalid refresh token",
    "Token has been expired or revoked.",
    "insufficient credits, please recharge",
    "Payment Required",
    "The upstream provider returned error",
    "your request was flagged by the safety system",
    "Request had insufficient authentication scopes.",
    "Country, region, or territory not supported",
    "key limit exceeded",
];
