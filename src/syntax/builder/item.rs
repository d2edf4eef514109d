use pest::iterators::Pair;

use super::{Builder, Built, Nodes};
use crate::syntax::ast::{
    Block, BlockSignature, Body, Expr, Extends, Import, Item, ItemKind, Name, Net, Param,
    ParamType, Spanned,
};
use crate::syntax::parser::Rule;
use crate::syntax::project::STD;

impl Builder<'_> {
    pub(super) fn item(&mut self, pair: Pair<'_, Rule>, first: bool) -> Built<Item> {
        let (kind, trivia) = self.surrounded(self.span(&pair), first, |b| b.item_kind(pair))?;
        Ok(Item { kind, trivia })
    }

    fn item_kind(&mut self, pair: Pair<'_, Rule>) -> Built<ItemKind> {
        let mut nodes = Nodes::new(pair);
        if let Some(import) = nodes.take(Rule::import) {
            return Ok(ItemKind::Import(self.import(import)?));
        }
        if let Some(block) = nodes.take(Rule::block) {
            return Ok(ItemKind::Block(self.block(block)?));
        }
        Ok(ItemKind::Net(self.net(nodes.need(Rule::net)?)?))
    }

    fn import(&mut self, pair: Pair<'_, Rule>) -> Built<Import> {
        let mut nodes = Nodes::new(pair);
        let path = match nodes.take(Rule::std) {
            Some(std) => Name { node: STD.to_owned(), span: self.span(&std) },
            None => {
                let path = nodes.need(Rule::string)?;
                self.string(path)
            }
        };
        Ok(Import { path, names: nodes.rest().map(|name| self.name(name)).collect() })
    }

    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Built<Block> {
        let mut nodes = Nodes::new(pair);
        let name = nodes.need(Rule::ident)?;
        let params =
            nodes.take(Rule::params).map(|p| self.params(p)).transpose()?.unwrap_or_default();
        let signature = nodes.take(Rule::signature).map(|s| self.signature(s)).transpose()?;
        let body = self.body(nodes.need(Rule::body)?)?;
        Ok(Block { name: self.name(name), params, signature, body })
    }

    fn net(&mut self, pair: Pair<'_, Rule>) -> Built<Net> {
        let mut nodes = Nodes::new(pair);
        let name = nodes.need(Rule::ident)?;
        let params =
            nodes.take(Rule::params).map(|p| self.params(p)).transpose()?.unwrap_or_default();
        let extends = nodes.take(Rule::extends).map(|e| self.extends(e)).transpose()?;
        let body = self.body(nodes.need(Rule::body)?)?;
        Ok(Net { name: self.name(name), params, extends, body })
    }

    fn extends(&mut self, pair: Pair<'_, Rule>) -> Built<Extends> {
        let mut nodes = Nodes::new(pair);
        let path = nodes.need(Rule::string)?;
        let args = nodes.take(Rule::args).map(|a| self.args(a)).transpose()?.unwrap_or_default();
        Ok(Extends { path: self.string(path), args })
    }

    fn signature(&mut self, pair: Pair<'_, Rule>) -> Built<BlockSignature> {
        let mut nodes = Nodes::new(pair);
        let input = self.shape(nodes.need(Rule::shape)?)?;
        Ok(BlockSignature { input, output: self.shape(nodes.need(Rule::shape)?)? })
    }

    /// Those that can be built, so that the body below is read in any case.
    fn params(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Param>> {
        let end = self.span(&pair).end;
        let params = self.parts(Nodes::new(pair), end, |b, pair| match b.param(pair) {
            Ok(param) => Ok(Some(param)),
            Err(problem) => {
                b.problems.push(*problem);
                Ok(None)
            }
        })?;
        Ok(params.into_iter().flatten().collect())
    }

    fn param(&mut self, pair: Pair<'_, Rule>) -> Built<Param> {
        let mut nodes = Nodes::new(pair);
        let name = nodes.need(Rule::ident)?;
        let ty = nodes.take(Rule::ty).map(|ty| self.ty(ty)).transpose()?;
        let default = nodes.take(Rule::expr).map(|value| self.expr(value)).transpose()?;
        Ok(Param { name: self.name(name), ty, default })
    }

    fn ty(&mut self, pair: Pair<'_, Rule>) -> Built<Spanned<ParamType>> {
        let span = self.span(&pair);
        let mut nodes = Nodes::new(pair);
        let node = if let Some(int) = nodes.take(Rule::int_ty) {
            ParamType::Int(self.range(int)?)
        } else if let Some(float) = nodes.take(Rule::float_ty) {
            ParamType::Float(self.range(float)?)
        } else if nodes.take(Rule::bool_ty).is_some() {
            ParamType::Bool
        } else if let Some(one_of) = nodes.take(Rule::one_of_ty) {
            ParamType::OneOf(self.choices(one_of)?)
        } else if let Some(subset) = nodes.take(Rule::subset_ty) {
            ParamType::Subset(self.choices(subset)?)
        } else {
            let of = Nodes::new(nodes.need(Rule::list_ty)?).need(Rule::ty)?;
            ParamType::List(Box::new(self.deeper(1, span, |b| b.ty(of))?))
        };
        Ok(Spanned { node, span })
    }

    fn range(&mut self, pair: Pair<'_, Rule>) -> Built<Option<(Expr, Expr)>> {
        let Some(range) = Nodes::new(pair).take(Rule::range) else { return Ok(None) };
        let mut nodes = Nodes::new(range);
        let low = self.expr(nodes.need(Rule::expr)?)?;
        Ok(Some((low, self.expr(nodes.need(Rule::expr)?)?)))
    }

    fn choices(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Expr>> {
        let choices = Nodes::new(pair).need(Rule::choices)?;
        let end = self.span(&choices).end;
        self.exprs(Nodes::new(choices), end)
    }

    pub(super) fn body(&mut self, pair: Pair<'_, Rule>) -> Built<Body> {
        let span = self.span(&pair);
        let above = self.comments.before(span.start, false);
        self.within.leave(above);
        let head = self.comments.trail(span.start + 1);
        let stmts = self.deeper(1, span, |b| {
            let mut stmts = Vec::new();
            for statement in Nodes::new(pair).rest() {
                match b.statement(statement, stmts.is_empty()) {
                    Ok(stmt) => stmts.push(stmt),
                    Err(problem) => b.problems.push(*problem),
                }
            }
            Ok(stmts)
        })?;
        let tail = self.comments.before(span.end, stmts.is_empty());
        Ok(Body { head, stmts, tail, place: Spanned { node: (), span } })
    }
}
