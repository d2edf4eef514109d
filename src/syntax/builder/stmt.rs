use pest::iterators::Pair;

use super::{Builder, Built, Nodes};
use crate::syntax::ast::{
    Edit, EditVerb, Element, ElementKind, Over, Param, Repeat, Rounds, SettingExpr, ShapeExpr,
    Spanned, Stmt, StmtKind,
};
use crate::syntax::parser::Rule;

/// Where a chain stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Chain {
    /// At the start of a statement, so that no comment stands before its first element.
    Stage,
    /// After an arrow.
    Branch,
    /// In parentheses.
    Group,
}

impl Builder<'_> {
    pub(super) fn statement(&mut self, pair: Pair<'_, Rule>, first: bool) -> Built<Stmt> {
        let place = self.place(&pair);
        let (kind, trivia) = self.surrounded(place.span, first, |b| b.kind(pair))?;
        Ok(Stmt { kind, trivia, place })
    }

    fn kind(&mut self, pair: Pair<'_, Rule>) -> Built<StmtKind> {
        let mut nodes = Nodes::new(pair);
        if let Some(stage) = nodes.take(Rule::stage) {
            return self.stage(Nodes::new(stage));
        }
        if let Some(branch) = nodes.take(Rule::branch) {
            return self.branch(Nodes::new(branch));
        }
        if let Some(bound) = nodes.take(Rule::r#let) {
            return self.bound(Nodes::new(bound));
        }
        if let Some(block) = nodes.take(Rule::block) {
            return Ok(StmtKind::Block(self.block(block)?));
        }
        if let Some(input) = nodes.take(Rule::input) {
            let mut nodes = Nodes::new(input);
            let name = nodes.need(Rule::ident)?;
            return Ok(StmtKind::Input {
                name: self.name(name),
                shape: self.shape(nodes.need(Rule::shape)?)?,
            });
        }
        if let Some(output) = nodes.take(Rule::output) {
            let mut nodes = Nodes::new(output);
            let name = nodes.need(Rule::ident)?;
            return Ok(StmtKind::Output {
                name: self.name(name),
                shape: self.shape(nodes.need(Rule::shape)?)?,
            });
        }
        if let Some(default) = nodes.take(Rule::default) {
            return Ok(StmtKind::Default(self.call(Nodes::new(default).need(Rule::call)?)?));
        }
        if let Some(expect) = nodes.take(Rule::expect) {
            return Ok(StmtKind::Expect(self.expr(Nodes::new(expect).need(Rule::expr)?)?));
        }
        if let Some(recipe) = nodes.take(Rule::recipe) {
            return self.recipe(recipe);
        }
        if let Some(remove) = nodes.take(Rule::remove) {
            let target = self.name(Nodes::new(remove).need(Rule::target)?);
            return Ok(StmtKind::Edit(Edit { verb: EditVerb::Remove, target, chain: Vec::new() }));
        }
        self.edit(Nodes::new(nodes.need(Rule::edit)?))
    }

    fn stage(&mut self, mut nodes: Nodes<'_>) -> Built<StmtKind> {
        let label = nodes.take(Rule::label).map(|l| Nodes::new(l).need(Rule::path)).transpose()?;
        let label = label.map(|l| self.name(l));
        let mut chain = self.chain(nodes.need(Rule::chain)?, Chain::Stage)?;
        let shape = self.ascription(&mut nodes)?;
        match chain.pop() {
            // A statement of its own.
            Some(Element { kind: ElementKind::Repeat(repeat), guard: None, .. })
                if chain.is_empty() && shape.is_none() =>
            {
                let Repeat { rounds, body, .. } = *repeat;
                Ok(StmtKind::Repeat { label, rounds, body })
            }
            last => {
                chain.extend(last);
                Ok(StmtKind::Stage { label, chain, shape })
            }
        }
    }

    fn branch(&mut self, mut nodes: Nodes<'_>) -> Built<StmtKind> {
        let (name, source) = (nodes.need(Rule::path)?, nodes.need(Rule::path)?);
        let chain = nodes.take(Rule::chain).map(|c| self.chain(c, Chain::Branch)).transpose()?;
        let chain = chain.unwrap_or_default();
        let (name, source) = (self.name(name), self.name(source));
        Ok(StmtKind::Branch { name, source, chain, shape: self.ascription(&mut nodes)? })
    }

    pub(super) fn repeat(&mut self, pair: Pair<'_, Rule>) -> Built<Repeat> {
        let place = self.place(&pair);
        let mut nodes = Nodes::new(pair);
        let binding = nodes.take(Rule::binding);
        let parts = binding.as_ref().is_some_and(|b| b.as_str().starts_with('('));
        let names = binding.into_iter().flat_map(|binding| Nodes::new(binding).rest());
        let names: Vec<Param> =
            names.map(|n| Param { name: self.name(n), ty: None, default: None }).collect();
        let first = self.expr(nodes.need(Rule::expr)?)?;
        let over = match nodes.take(Rule::expr) {
            Some(to) => Over::Range(first, self.expr(to)?),
            None if names.is_empty() => Over::Times(first),
            None => Over::Items(first),
        };
        let body = self.body(nodes.need(Rule::body)?)?;
        Ok(Repeat { rounds: Rounds { names, parts, over }, body, place })
    }

    fn bound(&mut self, mut nodes: Nodes<'_>) -> Built<StmtKind> {
        let name = nodes.need(Rule::ident)?;
        let value = self.expr(nodes.need(Rule::expr)?)?;
        Ok(StmtKind::Let(Param { name: self.name(name), ty: None, default: Some(value) }))
    }

    fn recipe(&mut self, pair: Pair<'_, Rule>) -> Built<StmtKind> {
        let span = self.span(&pair);
        let open = span.start + pair.as_str().find('{').unwrap_or(0);
        let above = self.comments.before(open, false);
        self.within.leave(above);
        let mut settings = Vec::new();
        for setting in Nodes::new(pair).rest() {
            let setting = self.setting(setting, settings.is_empty())?;
            settings.push(setting);
        }
        let tail = self.comments.before(span.end, settings.is_empty());
        Ok(StmtKind::Recipe { settings, tail })
    }

    fn setting(&mut self, pair: Pair<'_, Rule>, first: bool) -> Built<SettingExpr> {
        let ((key, value), trivia) = self.surrounded(self.span(&pair), first, |b| {
            let mut nodes = Nodes::new(pair);
            let key = b.name(nodes.need(Rule::key)?);
            Ok((key, b.expr(nodes.need(Rule::expr)?)?))
        })?;
        Ok(SettingExpr { key, value, trivia })
    }

    fn edit(&mut self, mut nodes: Nodes<'_>) -> Built<StmtKind> {
        let verb = match nodes.need(Rule::edit_verb)?.as_str() {
            "after" => EditVerb::After,
            "before" => EditVerb::Before,
            _ => EditVerb::Replace,
        };
        let target = self.name(nodes.need(Rule::target)?);
        Ok(StmtKind::Edit(Edit {
            verb,
            target,
            chain: self.chain(nodes.need(Rule::chain)?, Chain::Stage)?,
        }))
    }

    pub(super) fn chain(&mut self, pair: Pair<'_, Rule>, of: Chain) -> Built<Vec<Element>> {
        let pairs: Vec<_> = Nodes::new(pair).rest().collect();
        let last = pairs.len() - 1;
        let mut elements = Vec::new();
        for (i, pair) in pairs.into_iter().enumerate() {
            // What stands after the last element is on the statement.
            let trails = i < last || of == Chain::Group;
            let element = self.part(pair, trails, |b, pair| b.element(pair))?;
            if i == 0 && of == Chain::Stage {
                self.within.release();
            }
            elements.push(element);
        }
        Ok(elements)
    }

    fn ascription(&mut self, nodes: &mut Nodes<'_>) -> Built<Option<ShapeExpr>> {
        let Some(pair) = nodes.take(Rule::ascription) else { return Ok(None) };
        self.shape(Nodes::new(pair).need(Rule::shape)?).map(Some)
    }

    pub(super) fn shape(&mut self, pair: Pair<'_, Rule>) -> Built<ShapeExpr> {
        let span = self.span(&pair);
        let node = self.exprs(Nodes::new(pair), span.end)?;
        Ok(Spanned { node, span })
    }
}
