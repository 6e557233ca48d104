//! The members of a JSON object, by name and type.
//!
//! Invariant: a member that is missing or of another type is an error that names it and its place.
//! A null stands for an absent member. Deliberately absent: a schema.

use serde_json::{Map, Value as Json};

/// An object, and what it is in messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a> {
    place: &'a str,
    members: &'a Map<String, Json>,
}

impl<'a> Members<'a> {
    /// The members of what must be an object.
    pub(super) fn of(place: &'a str, json: &'a Json) -> Result<Members<'a>, String> {
        match json.as_object() {
            Some(members) => Ok(Members { place, members }),
            None => Err(format!("{place} is no object: {json}")),
        }
    }

    /// That there are no members but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(format!("{} has an unknown member {name:?}", self.place)),
            None => Ok(()),
        }
    }

    /// A member, if it is there.
    pub(super) fn optional(&self, name: &str) -> Option<&'a Json> {
        self.members.get(name).filter(|json| !json.is_null())
    }

    /// A member.
    pub(super) fn member(&self, name: &str) -> Result<&'a Json, String> {
        self.optional(name).ok_or_else(|| format!("{} lacks {name:?}", self.place))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, String> {
        self.member(name)?.as_str().ok_or_else(|| self.wrong(name, "a text"))
    }

    /// A text, if it is there.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.optional(name).map(|_| self.text(name)).transpose()
    }

    /// A list.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Json], String> {
        let list = self.member(name)?.as_array().map(Vec::as_slice);
        list.ok_or_else(|| self.wrong(name, "a list"))
    }

    /// A signed integer.
    pub(super) fn integer(&self, name: &str) -> Result<i64, String> {
        self.member(name)?.as_i64().ok_or_else(|| self.wrong(name, "an integer"))
    }

    /// A signed integer that may be absent.
    pub(super) fn integer_or(&self, name: &str, absent: i64) -> Result<i64, String> {
        if self.optional(name).is_none() { Ok(absent) } else { self.integer(name) }
    }

    /// A length of time in microseconds, at least 1.
    pub(super) fn length_us(&self, name: &str) -> Result<i64, String> {
        let length_us = self.integer(name)?;
        if length_us < 1 { Err(self.wrong(name, "a positive length")) } else { Ok(length_us) }
    }

    /// An integer of a narrower type.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, String> {
        T::try_from(self.integer(name)?).map_err(|_| self.wrong(name, "a number in its range"))
    }

    /// How many of something.
    pub(super) fn size(&self, name: &str) -> Result<usize, String> {
        self.number(name)
    }

    /// Whether something holds; it does not if the member is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        let flag = self.optional(name).map_or(Some(false), Json::as_bool);
        flag.ok_or_else(|| self.wrong(name, "true or false"))
    }

    fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("{}: {name:?} is not {wanted}: {}", self.place, self.members[name])
    }
}
