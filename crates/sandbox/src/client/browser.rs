//! A browser that a person would use to log in, as far as logins need one.

use url::Url;

use super::failure::ClientError;
use super::http::{HttpClient, Reply};

/// Follows redirects and presses buttons.
#[derive(Debug, Clone)]
pub struct Browser {
    client: HttpClient,
}

/// Where a visit ended.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address of the page shown last.
    pub url: Url,
    /// Every address on the way, the first one first.
    pub visited: Vec<Url>,
    /// The page itself.
    pub reply: Reply,
}

impl Browser {
    /// A browser over this client; give it one that trusts the sandbox's authority for TLS.
    pub fn new(client: HttpClient) -> Self {
        Self { client }
    }

    /// Opens an address and follows its redirects, to the loopback callback for a login.
    ///
    /// # Errors
    /// A page that cannot be reached, or more redirects than a browser follows.
    pub async fn visit(&self, url: &str) -> Result<Page, ClientError> {
        let reply = self.client.get(url).await?;
        self.follow(url, reply).await
    }

    /// Opens an address, but goes no further: the redirect's target, for logins by paste.
    ///
    /// # Errors
    /// A page that cannot be reached, or one that does not redirect.
    pub async fn peek(&self, url: &str) -> Result<Url, ClientError> {
        let reply = self.client.get(url).await?;
        let here = parsed(url)?;
        target(&here, &reply)?
            .ok_or_else(|| ClientError::Answer(format!("no redirect but {}: {}", reply.status, reply.text())))
    }

    /// Presses `approve` or `deny` on a consent page or device page and follows where it leads.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub async fn press(&self, page: &Page, decision: &str) -> Result<Page, ClientError> {
        let html = page.reply.text();
        let action = attribute(&html, "action=\"").unwrap_or_default();
        let url = page.url.join(&action).map_err(|_| ClientError::Url(action))?;
        let hidden = ["query", "user_code"].map(|name| {
            let value = html
                .split("<input")
                .skip(1)
                .find(|input| input.contains(&format!("name=\"{name}\"")))
                .and_then(|input| attribute(input, "value=\""));
            (name, value)
        });
        let mut fields: Vec<(&str, &str)> = hidden
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
            .collect();
        fields.push(("decision", decision));
        let reply = self.client.post_form(url.as_str(), &fields).await?;
        self.follow(url.as_str(), reply).await
    }

    async fn follow(&self, url: &str, first: Reply) -> Result<Page, ClientError> {
        let mut url = parsed(url)?;
        let mut visited = vec![url.clone()];
        let mut reply = first;
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = target(&url, &reply)? else {
                return Ok(Page { url, visited, reply });
            };
            reply = self.client.get(next.as_str()).await?;
            visited.push(next.clone());
            url = next;
        }
        Err(ClientError::Answer(format!("too many redirects at `{url}`")))
    }
}

fn parsed(url: &str) -> Result<Url, ClientError> {
    Url::parse(url).map_err(|_| ClientError::Url(url.to_owned()))
}

fn target(here: &Url, reply: &Reply) -> Result<Option<Url>, ClientError> {
    if !reply.status.is_redirection() {
        return Ok(None);
    }
    let location = reply.header("location");
    here.join(location)
        .map(Some)
        .map_err(|_| ClientError::Url(location.to_owned()))
}

/// The value behind `name="`, with the few entities the sandbox writes undone.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(name)?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// As many as browsers follow.
const MOST_REDIRECTS: usize = 20;
