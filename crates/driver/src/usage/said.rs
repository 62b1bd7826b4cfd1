//! A `usage` object in the words of each API: the counts that are known, read without building the object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What such an object says; what is no count, or is not known, is passed over.
#[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub(super) struct Said {
    #[serde(deserialize_with = "count")]
    pub(super) prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) completion_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) total_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) output_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) cache_creation_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(super) prompt_cache_hit_tokens: Option<u64>,
    #[serde(deserialize_with = "cached")]
    pub(super) prompt_tokens_details: Option<u64>,
    #[serde(deserialize_with = "cached")]
    pub(super) input_tokens_details: Option<u64>,
    #[serde(rename = "promptTokenCount", deserialize_with = "count")]
    pub(super) prompt_token_count: Option<u64>,
    #[serde(rename = "candidatesTokenCount", deserialize_with = "count")]
    pub(super) candidates_token_count: Option<u64>,
    #[serde(rename = "thoughtsTokenCount", deserialize_with = "count")]
    pub(super) thoughts_token_count: Option<u64>,
    #[serde(rename = "cachedContentTokenCount", deserialize_with = "count")]
    pub(super) cached_content_token_count: Option<u64>,
}

/// A count; anything else is none.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(Counted { within: false })
}

/// The count of what came from a cache, out of an object of details.
fn cached<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(Counted { within: true })
}

/// Reads a count, or the one within an object.
struct Counted {
    within: bool,
}

impl<'de> Visitor<'de> for Counted {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<u64>, E> {
        Ok((!self.within).then_some(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<u64>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<u64>, A::Error> {
        let mut found = None;
        while let Some(Member { is_cached }) = members.next_key()? {
            if self.within && is_cached {
                found = members.next_value::<Plain>()?.0;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A count that stands alone.
struct Plain(Option<u64>);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        count(deserializer).map(Self)
    }
}

/// The name of a member.
struct Member {
    is_cached: bool,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Member, E> {
                Ok(Member {
                    is_cached: name == "cached_tokens",
                })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}
