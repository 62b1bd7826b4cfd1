//! A tool's file as a tree of JSON: places in it, and taking out and putting back what stands there.

use serde_json::Value;

/// A place in the tree: a member of objects, or the element with an id in an array there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    path: Vec<String>,
    id: Option<String>,
}

impl Place {
    /// The member at this path.
    pub(super) fn member(path: &[&str]) -> Self {
        Self {
            path: path.iter().map(|step| (*step).to_owned()).collect(),
            id: None,
        }
    }

    /// The element with this id of the array at this path.
    pub(super) fn element(path: &[&str], id: &str) -> Self {
        Self {
            id: Some(id.to_owned()),
            ..Self::member(path)
        }
    }

    /// What stands there.
    pub(super) fn look<'a>(&self, tree: &'a Value) -> Option<&'a Value> {
        let here = self.path.iter().try_fold(tree, |value, step| value.get(step))?;
        match &self.id {
            None => Some(here),
            Some(id) => here.as_array()?.iter().find(|element| has_id(element, id)),
        }
    }

    /// Takes out what stands there.
    pub(super) fn cut(&self, tree: &mut Value) -> Option<Value> {
        let (last, above) = self.path.split_last()?;
        let parent = above.iter().try_fold(tree, |value, step| value.get_mut(step))?;
        match &self.id {
            None => parent.as_object_mut()?.remove(last),
            Some(id) => {
                let elements = parent.get_mut(last)?.as_array_mut()?;
                let at = elements.iter().position(|element| has_id(element, id))?;
                Some(elements.remove(at))
            }
        }
    }

    /// Puts something there, and makes the way to it; `false` if something else is in the way.
    pub(super) fn put(&self, tree: &mut Value, content: Value) -> bool {
        let Some((last, above)) = self.path.split_last() else {
            return false;
        };
        let mut parent = tree;
        for step in above {
            let Some(object) = parent.as_object_mut() else {
                return false;
            };
            parent = object
                .entry(step)
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
        }
        let Some(object) = parent.as_object_mut() else {
            return false;
        };
        if self.id.is_none() {
            return object
                .insert(last.clone(), content)
                .is_none_or(|before| before.is_null());
        }
        let elements = object.entry(last).or_insert_with(|| Value::Array(Vec::new()));
        elements.as_array_mut().map(|elements| elements.push(content)).is_some()
    }
}

/// Whether this text stands anywhere in the tree.
pub(super) fn holds(tree: &Value, text: &str) -> bool {
    match tree {
        Value::String(found) => found == text,
        Value::Array(elements) => elements.iter().any(|element| holds(element, text)),
        Value::Object(members) => members.values().any(|member| holds(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Writes another text wherever this one stands.
pub(super) fn swap(tree: &mut Value, from: &str, to: &str) {
    match tree {
        Value::String(found) if found == from => to.clone_into(found),
        Value::Array(elements) => elements.iter_mut().for_each(|element| swap(element, from, to)),
        Value::Object(members) => members.values_mut().for_each(|member| swap(member, from, to)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Removes every member that is this text.
pub(super) fn strip(tree: &mut Value, text: &str) {
    match tree {
        Value::Object(members) => {
            members.retain(|_, member| member.as_str() != Some(text));
            members.values_mut().for_each(|member| strip(member, text));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| strip(element, text)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_id(element: &Value, id: &str) -> bool {
    element.get("id").and_then(Value::as_str) == Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_cut_can_be_put_back() {
        let whole = json!({"a": {"b": {"c": 1}}, "list": {"p": [{"id": "x", "t": 1}, {"id": "y", "t": 2}]}});
        for place in [Place::member(&["a", "b"]), Place::element(&["list", "p"], "y")] {
            let mut tree = whole.clone();
            let content = place.cut(&mut tree).unwrap();
            assert_eq!(place.look(&tree), None);
            assert!(place.put(&mut tree, content));
            assert_eq!(tree, whole);
        }
    }

    #[test]
    fn a_way_is_made_and_nothing_is_overwritten() {
        let mut tree = json!({});
        assert!(Place::member(&["a", "b"]).put(&mut tree, json!(1)));
        assert!(Place::element(&["l"], "x").put(&mut tree, json!({"id": "x"})));
        assert_eq!(tree, json!({"a": {"b": 1}, "l": [{"id": "x"}]}));
        assert!(!Place::member(&["a", "b", "c"]).put(&mut tree, json!(1)));
        assert!(!Place::member(&["a"]).put(&mut tree, json!(1)));
    }

    #[test]
    fn texts_are_found_swapped_and_stripped() {
        let mut tree = json!({"a": [{"r": "old", "k": "keep"}], "b": "old"});
        assert!(holds(&tree, "old") && !holds(&tree, "new"));
        swap(&mut tree, "old", "new");
        assert_eq!(tree, json!({"a": [{"r": "new", "k": "keep"}], "b": "new"}));
        strip(&mut tree, "new");
        assert_eq!(tree, json!({"a": [{"k": "keep"}]}));
    }
}
