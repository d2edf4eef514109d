//! A node of a model with its attributes, all of which must be understood.

use std::cell::RefCell;
use std::ops::Range;

use crate::diag::Sources;
use crate::graph::{Scope, Value};
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::syntax;

use super::constant::{Constant, Data, Integer};
use super::error::{Fault, Result, shown};
use super::versions::fewest;

/// A node that is being translated.
#[derive(Debug)]
pub(super) struct Node<'m> {
    pub proto: &'m NodeProto,
    /// The version of its op.
    pub version: i64,
    used: RefCell<Vec<&'m str>>,
    /// The positions of the operands that were read.
    read: RefCell<Vec<usize>>,
}

impl<'m> Node<'m> {
    pub fn new(proto: &'m NodeProto, version: i64) -> Node<'m> {
        Node { proto, version, used: RefCell::new(Vec::new()), read: RefCell::new(Vec::new()) }
    }

    /// The name of an operand, if it is present.
    pub fn input(&self, i: usize) -> Option<&'m str> {
        self.read.borrow_mut().push(i);
        self.proto.input.get(i).map(String::as_str).filter(|name| !name.is_empty())
    }

    fn attribute(&self, name: &str) -> Option<&'m AttributeProto> {
        let found = self.proto.attribute.iter().find(|attribute| attribute.name() == name)?;
        self.used.borrow_mut().push(found.name());
        Some(found)
    }

    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub fn int(&self, name: &str, default: i64) -> Result<i64> {
        match self.attribute(name) {
            None => Ok(default),
            Some(found) => found.i.ok_or_else(|| self.wrong(name, "a whole number")),
        }
    }

    pub fn float(&self, name: &str, default: f32) -> Result<f32> {
        match self.attribute(name) {
            None => Ok(default),
            Some(found) => {
                found.f.filter(|x| x.is_finite()).ok_or_else(|| self.wrong(name, "a number"))
            }
        }
    }

    pub fn text(&self, name: &str, default: &str) -> Result<String> {
        match self.attribute(name) {
            None => Ok(default.into()),
            Some(found) => {
                let text = found.s.as_ref().and_then(|s| std::str::from_utf8(s).ok());
                text.map(str::to_string).ok_or_else(|| self.wrong(name, "text"))
            }
        }
    }

    pub fn ints(&self, name: &str) -> Option<&'m [i64]> {
        self.attribute(name).map(|found| found.ints.as_slice())
    }

    pub fn floats(&self, name: &str) -> Option<&'m [f32]> {
        self.attribute(name).map(|found| found.floats.as_slice())
    }

    /// The constant that a `Constant` node gives.
    pub fn constant(&self) -> Result<Constant> {
        let one = |data| Ok(Constant { dims: Vec::new(), data });
        if let Some(tensor) = self.attribute("value").and_then(|found| found.t.as_ref()) {
            return Constant::read(tensor);
        }
        if self.has("value_float") {
            return one(Data::Floats(vec![self.float("value_float", 0.0)?]));
        }
        if self.has("value_int") {
            return one(Data::Integers(Integer::Int64, vec![self.int("value_int", 0)?]));
        }
        if let Some(ints) = self.ints("value_ints") {
            return Ok(Constant {
                dims: vec![ints.len() as u64],
                data: Data::Integers(Integer::Int64, ints.to_vec()),
            });
        }
        if let Some(found) = self.attribute("value_floats") {
            let floats = found.floats.clone();
            return Ok(Constant { dims: vec![floats.len() as u64], data: Data::Floats(floats) });
        }
        Err(Fault::Unsupported("a constant of this kind".into()))
    }

    /// A tensor attribute, if it is present.
    pub fn tensor(&self, name: &str) -> Result<Option<Constant>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(found) => match &found.t {
                Some(tensor) => Constant::read(tensor).map(Some),
                None => Err(self.wrong(name, "a tensor")),
            },
        }
    }

    /// The range that `start` and `end` select of a number of sizes.
    pub fn range(&self, count: usize) -> Result<Range<usize>> {
        let count = count as i64;
        let at = |i: i64| if i < 0 { i.saturating_add(count) } else { i }.clamp(0, count) as usize;
        let (start, end) = (at(self.int("start", 0)?), at(self.int("end", i64::MAX)?));
        Ok(start..end.max(start))
    }

    /// An attribute or operand that was not read, and whose effect is therefore unknown.
    pub fn unread(&self) -> Option<String> {
        let (used, read) = (self.used.borrow(), self.read.borrow());
        // An attribute of the first versions, which allowed an op to compute in place.
        let known =
            |name: &str| used.contains(&name) || (self.version < 6 && name == "consumed_inputs");
        let attribute =
            self.proto.attribute.iter().map(AttributeProto::name).find(|name| !known(name));
        let operand = || {
            let operands = self.proto.input.iter().enumerate().filter(|(_, name)| !name.is_empty());
            operands.map(|(i, _)| i).find(|i| !read.contains(i))
        };
        let attribute = attribute.map(|name| format!("the attribute `{}`", shown(name)));
        attribute.or_else(|| operand().map(|i| format!("its {} operand", ordinal(i))))
    }

    /// Checks that it has as many operands as its op needs.
    pub fn has_operands(&self) -> Result<()> {
        let has = |&i: &usize| self.proto.input.get(i).is_some_and(|name| !name.is_empty());
        let missing = (0..fewest(self.proto.op_type(), self.version)).find(|i| !has(i));
        missing.map_or(Ok(()), |i| Err(self.lacks(i)))
    }

    /// The error for a missing operand.
    pub fn lacks(&self, i: usize) -> Fault {
        Fault::Malformed(format!("its {} operand is missing", ordinal(i)))
    }

    fn wrong(&self, name: &str, expected: &str) -> Fault {
        Fault::Malformed(format!("`{name}` is not {expected}"))
    }

    /// The value of an argument that netc recorded when it exported the node.
    pub fn fact(&self, name: &str) -> Option<Value> {
        let text = self.note(&format!("netc.{name}"))?;
        let mut sources = Sources::default();
        let file = sources.add("a fact", text.to_string());
        let parsed = syntax::parse_expr(&sources, file).ok()?;
        Scope::default().eval(&parsed).ok()
    }

    /// An entry of its metadata.
    pub fn note(&self, key: &str) -> Option<&'m str> {
        self.proto.metadata_props.iter().find(|entry| entry.key() == key).map(|entry| entry.value())
    }
}

/// The position of an operand in words, counted from 0.
fn ordinal(i: usize) -> String {
    let words = ["first", "second", "third", "fourth", "fifth", "sixth"];
    words.get(i).map_or_else(|| format!("{}th", i + 1), |&word| word.to_owned())
}
