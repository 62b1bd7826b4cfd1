//! The models that the parts of a request name: tools make pictures, say, by another one than answers.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::member_name::is_named;

/// Reads a list of tools or requests, or one of them, and takes every model that is named: of two, either may be the one that
/// counts.
pub(super) struct ModelsWithin<'a> {
    /// Where they go.
    pub(super) found: &'a mut Vec<String>,
    /// Whether it is one of them that is read, and not the list.
    pub(super) is_one: bool,
}

impl<'de> DeserializeSeed<'de> for ModelsWithin<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ModelsWithin<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        if self.is_one {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while list
            .next_element_seed(ModelsWithin {
                found: &mut *self.found,
                is_one: true,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.is_one && is_named(&name, "model") {
                map.next_value_seed(ModelName(&mut *self.found))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads the name of a model, or that there is none; anything else is an error, and nothing of it is kept.
struct ModelName<'a>(&'a mut Vec<String>);

impl<'de> DeserializeSeed<'de> for ModelName<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl Visitor<'_> for ModelName<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a model")
    }

    fn visit_str<E: Error>(self, model: &str) -> Result<(), E> {
        if self.0.iter().any(|known| known == model) {
            return Ok(());
        }
        if self.0.len() >= MODELS || model.len() > LENGTH {
            return Err(E::custom("too many models, or too long a name"));
        }
        self.0.push(model.to_owned());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// 64 models in the parts of one request: those in use name one or two. Whoever names more fills no memory with them.
const MODELS: usize = 64;

/// 512 bytes: longer than the name of any model.
const LENGTH: usize = 512;
