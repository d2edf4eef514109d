//! What a `.net` file says, as written. Nothing here is resolved or checked.
//!
//! Two trees are equal when they say the same, wherever it stands: [`Spanned`] compares its node
//! alone, and layout ([`Trivia`]) keeps comments but not positions.

use crate::diag::Span;

/// A node and the text it came from. Equality ignores the span.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The node.
    pub node: T,
    /// Its text.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// A span that takes no part in equality.
pub type Place = Spanned<()>;

/// A name with its place. A label or a reference may be dotted: `layer1.residual.add`.
pub type Name = Spanned<String>;

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Imports, blocks and at most one net, in the order of the text.
    pub items: Vec<Item>,
    /// Comments after the last item.
    pub tail: Vec<Comment>,
}

/// Comments and blank lines around a statement or an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trivia {
    /// Whether a blank line stands right before it, after the comments of `lead`.
    pub blank_before: bool,
    /// Comment lines before it, and those from within it that are on nothing of their own.
    pub lead: Vec<Comment>,
    /// The comments on its parts, in the order of the text.
    pub parts: Vec<PartTrivia>,
    /// The comment at the end of its last line, without the `#`.
    pub trail: Option<String>,
}

/// Comments on a part of a statement: a parameter, an argument, an item of a list, an element of a
/// chain, or the bracket that closes some of these. All without the `#`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PartTrivia {
    /// Which part of its statement, counted in the order in which they begin.
    pub part: usize,
    /// Comment lines before it.
    pub lead: Vec<String>,
    /// The comment after it in its line.
    pub trail: Option<String>,
}

/// A comment on a line of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comment {
    /// Whether a blank line stands right before it.
    pub blank_before: bool,
    /// Its text, without the `#`.
    pub text: String,
}

/// One item of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// What surrounds it.
    pub trivia: Trivia,
}

/// The kinds of items.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `import "lib.net": conv_bn, residual`
    Import(Import),
    /// `block conv_bn(c = same) { ... }`
    Block(Block),
    /// `net resnet9(width = 64) { ... }`
    Net(Net),
}

/// Names taken from another file.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The path, relative to the file that imports; [`STD`](super::STD) for the library in netc.
    pub path: Name,
    /// The blocks taken.
    pub names: Vec<Name>,
}

/// A reusable part of a net.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// `:: [N, C, H, W] -> [N, c, H/stride, W/stride]`
    pub signature: Option<BlockSignature>,
    /// Its statements.
    pub body: Body,
}

/// The one net of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// `extends "base.net" (res = [1, 3])`
    pub extends: Option<Extends>,
    /// Its statements.
    pub body: Body,
}

/// The parent of a net, and the values of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Extends {
    /// The path, relative to the file.
    pub path: Name,
    /// Named values.
    pub args: Vec<Arg>,
}

/// `[N, C, H, W] -> [N, c, H/stride, W/stride]`
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSignature {
    /// The shape of `in`; new capital letters are bound to its sizes.
    pub input: ShapeExpr,
    /// The shape of the result.
    pub output: ShapeExpr,
}

/// A shape in brackets, the batch first.
pub type ShapeExpr = Spanned<Vec<Expr>>;

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its domain.
    pub ty: Option<Spanned<ParamType>>,
    /// Its default.
    pub default: Option<Expr>,
}

/// The domain of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamType {
    /// `int` or `int(lo..hi)`, both ends included.
    Int(Option<(Expr, Expr)>),
    /// `float` or `float(lo..hi)`, both ends included.
    Float(Option<(Expr, Expr)>),
    /// `bool`
    Bool,
    /// `one_of("a", "b")`: one of the values.
    OneOf(Vec<Expr>),
    /// `subset(1, 2, 3)`: a list of some of the values, each at most once.
    Subset(Vec<Expr>),
    /// `list(int)`: a list of values of one type.
    List(Box<Spanned<ParamType>>),
}

/// Statements in braces.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The comment after the opening brace in its line.
    pub head: Option<String>,
    /// The statements.
    pub stmts: Vec<Stmt>,
    /// Comments after the last statement.
    pub tail: Vec<Comment>,
    /// From brace to brace.
    pub place: Place,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// What surrounds it.
    pub trivia: Trivia,
    /// Its text, without the trivia.
    pub place: Place,
}

/// The kinds of statements.
#[derive(Debug, Clone, PartialEq)]
pub enum StmtKind {
    /// `input image: [N, 3, 32, 32]`
    Input {
        /// The value's name.
        name: Name,
        /// Its shape.
        shape: ShapeExpr,
    },
    /// `output logits: [N, 10]`; the cursor is the result.
    Output {
        /// The result's name.
        name: Name,
        /// Its shape, checked.
        shape: ShapeExpr,
    },
    /// `label: a -> b :: [N, 8, 4, 4]`; moves the cursor.
    Stage {
        /// The name of the stage's value.
        label: Option<Name>,
        /// What the cursor goes through; never empty. Its first element may name the value that it
        /// starts from instead of the cursor.
        chain: Vec<Element>,
        /// The shape of the result, checked.
        shape: Option<ShapeExpr>,
    },
    /// `name = source -> a -> b`; leaves the cursor where it is.
    Branch {
        /// The name of the branch's value.
        name: Name,
        /// The value it starts from.
        source: Name,
        /// What the value goes through; may be empty.
        chain: Vec<Element>,
        /// The shape of the result, checked.
        shape: Option<ShapeExpr>,
    },
    /// `label: repeat 3 { ... }`; moves the cursor.
    Repeat {
        /// The name of the value of the last round.
        label: Option<Name>,
        /// How many rounds, and what differs in them.
        rounds: Rounds,
        /// One round.
        body: Body,
    },
    /// `let half = width // 2`: a parameter that nothing outside can set.
    Let(Param),
    /// A block known in this body only.
    Block(Block),
    /// `default bn(gamma = uniform(0, 1))`
    Default(Call),
    /// `expect params == 6_573_120`
    Expect(Expr),
    /// `recipe { epochs = 60 }`
    Recipe {
        /// The settings, in the order of the text.
        settings: Vec<SettingExpr>,
        /// Comments after the last setting.
        tail: Vec<Comment>,
    },
    /// `after layer1.maxpool: conv_bn`
    Edit(Edit),
}

/// The rounds of a `repeat` or `for`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    /// The names of a round's value, or of its parts.
    pub names: Vec<Param>,
    /// Whether the value is one list whose parts have the names, `(c, s)`.
    pub parts: bool,
    /// The values.
    pub over: Over,
}

/// What is gone through by the rounds of a `repeat` or `for`.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// `repeat 3`
    Times(Expr),
    /// `for i in 0..3`: without the second end.
    Range(Expr, Expr),
    /// `for c in [16, 32]`
    Items(Expr),
}

impl Over {
    /// The expressions in it.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            Over::Times(expr) | Over::Items(expr) => vec![expr],
            Over::Range(from, to) => vec![from, to],
        }
    }

    /// Its text.
    pub fn span(&self) -> Span {
        match self {
            Over::Times(expr) | Over::Items(expr) => expr.span,
            Over::Range(from, to) => from.span.to(to.span),
        }
    }
}

/// A `repeat` or `for` within a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// How many rounds, and what differs in them.
    pub rounds: Rounds,
    /// One round.
    pub body: Body,
    /// All of it.
    pub place: Place,
}

/// One setting of a `recipe { }`.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingExpr {
    /// The recipe's key.
    pub key: Name,
    /// Its value.
    pub value: Expr,
    /// What surrounds it.
    pub trivia: Trivia,
}

/// A change to the net that is extended.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What to do.
    pub verb: EditVerb,
    /// The dotted path of a stage or element of the parent, or a pattern of such paths.
    pub target: Name,
    /// What to put there; empty for `remove`.
    pub chain: Vec<Element>,
}

impl Edit {
    /// Whether its target is a pattern.
    pub fn is_pattern(&self) -> bool {
        self.target.node.contains('*')
    }
}

/// What an edit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditVerb {
    /// `after path: chain`
    After,
    /// `before path: chain`
    Before,
    /// `replace path: chain`
    Replace,
    /// `remove path`
    Remove,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// What it is.
    pub kind: ElementKind,
    /// `if cond else other`
    pub guard: Option<Guard>,
    /// Its text, guard included.
    pub place: Place,
}

/// The kinds of elements.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementKind {
    /// An op or a block.
    Call(Call),
    /// `( a -> b )`
    Group(Vec<Element>),
    /// `repeat 3 { ... }`
    Repeat(Box<Repeat>),
}

/// The condition under which an element is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// The condition.
    pub cond: Expr,
    /// What is there otherwise; the identity if absent.
    pub otherwise: Option<Box<Element>>,
}

/// `conv(64, k = 1)`
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The op or block; at the start of a stage perhaps a value.
    pub name: Name,
    /// Its arguments, positional ones first.
    pub args: Vec<Arg>,
    /// Name and arguments.
    pub place: Place,
}

/// One argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Its name, unless positional.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// An expression.
pub type Expr = Spanned<ExprKind>;

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `64` or `6_573_120`
    Int {
        /// The value.
        value: i64,
        /// As written.
        text: String,
    },
    /// `0.125` or `5e-4`
    Float {
        /// The value; finite.
        value: f64,
        /// As written.
        text: String,
    },
    /// `true` or `false`
    Bool(bool),
    /// `"text"`; has no escapes and no line breaks.
    Str(String),
    /// `[1, 2, 3]`
    List(Vec<Expr>),
    /// `(16, 1)`: a list whose items differ in meaning.
    Tuple(Vec<Expr>),
    /// A parameter, a shape symbol, or (dotted) a value.
    Name(String),
    /// `same`: the channel count of what comes in.
    Same,
    /// `uniform(0, 1)`, `min(a, b)`
    Call {
        /// The function.
        name: Name,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `-x`, `not x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `widths[0]`
    Index(Box<Expr>, Box<Expr>),
    /// `2 if first else 1`
    Conditional {
        /// The condition.
        cond: Box<Expr>,
        /// The value if it holds.
        then: Box<Expr>,
        /// The value if not.
        otherwise: Box<Expr>,
    },
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Operators of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `list has value`
    Has,
    Add,
    Sub,
    Mul,
    /// `/`: exact, as all arithmetic.
    Div,
    /// `//`: rounded down.
    FloorDiv,
    Rem,
}

impl UnaryOp {
    /// How tightly it binds, on the scale of [`BinaryOp::precedence`].
    pub fn precedence(self) -> u8 {
        match self {
            UnaryOp::Not => 3,
            UnaryOp::Neg => 7,
        }
    }
}

impl BinaryOp {
    /// Every operator.
    pub const ALL: [BinaryOp; 15] = [
        BinaryOp::Or,
        BinaryOp::And,
        BinaryOp::Eq,
        BinaryOp::Ne,
        BinaryOp::Lt,
        BinaryOp::Le,
        BinaryOp::Gt,
        BinaryOp::Ge,
        BinaryOp::Has,
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::FloorDiv,
        BinaryOp::Rem,
    ];

    /// Whether it compares; `a < b < c` is an error.
    pub fn is_comparison(self) -> bool {
        self.precedence() == BinaryOp::Eq.precedence()
    }

    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Has => "has",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Rem => "%",
        }
    }

    /// How tightly it binds; more is tighter. All associate to the left, comparisons do not chain.
    pub fn precedence(self) -> u8 {
        match self {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::Has => 4,
            BinaryOp::Add | BinaryOp::Sub => 5,
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Rem => 6,
        }
    }
}
