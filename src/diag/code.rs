/// How severe a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The net is invalid.
    Error,
    /// The net is valid, but probably not what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal $severity:ident,)+) => {
        /// Names each kind of problem. The text form never changes once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name,)+];

            /// The text form, such as `unknown-name`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }

            /// What it means, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }

            /// Its page: what it means, and unless it needs more than one file or a graph built in
            /// code, a wrong example and the right one.
            pub fn page(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("pages/", $text, ".md")),)+ }
            }

            /// The codes of warnings.
            pub fn warnings() -> impl Iterator<Item = Code> {
                Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning)
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// The text does not follow the grammar.
    Syntax = "syntax" Error,
    /// A file is missing, unreadable, or not text.
    Unreadable = "unreadable" Error,
    /// Files that import or extend one another in a cycle.
    ImportCycle = "import-cycle" Error,
    /// A block that contains itself.
    RecursiveBlock = "recursive-block" Error,
    /// A block or net that returns its input unchanged.
    UnchangedInput = "unchanged-input" Error,
    /// A size, depth or count beyond a stated limit.
    Limit = "limit" Error,
    /// A name that nothing defines.
    UnknownName = "unknown-name" Error,
    /// An argument that the op or block does not take.
    UnknownArgument = "unknown-argument" Error,
    /// A name defined twice, or one that hides another.
    DuplicateName = "duplicate-name" Error,
    /// A required argument is missing, or there are too many.
    Arity = "arity" Error,
    /// An argument of the wrong type or out of range.
    Argument = "argument" Error,
    /// An expression that cannot be computed.
    Expression = "expression" Error,
    /// A parameter's value outside its declared domain.
    Domain = "domain" Error,
    /// A statement where it may not stand, or one that is missing.
    Structure = "structure" Error,
    /// Shapes that do not fit an op.
    Shape = "shape" Error,
    /// A shape that differs from what the file claims.
    Signature = "signature" Error,
    /// An `expect` that does not hold.
    Expect = "expect" Error,
    /// A node that no input reaches.
    Unreachable = "unreachable" Error,
    /// A cycle in a graph built in code.
    Cycle = "cycle" Error,
    /// A recipe key or value that the runner does not accept.
    Recipe = "recipe" Error,
    /// A value that is computed but does not reach the output.
    UnusedBranch = "unused-branch" Warning,
    /// A block that a file imports and never uses.
    UnusedImport = "unused-import" Warning,
    /// A block that nothing calls.
    UnusedBlock = "unused-block" Warning,
    /// A parameter that nothing mentions.
    UnusedParameter = "unused-parameter" Warning,
    /// A guard that is the same for every value of its parameters.
    ConstantGuard = "constant-guard" Warning,
    /// A guard at the end of a chain, which is that of the last element alone.
    GuardScope = "guard-scope" Warning,
    /// A join that takes the current value along with those that it names.
    JoinScope = "join-scope" Warning,
    /// `same` where the channels of a block's input are probably meant.
    SameScope = "same-scope" Warning,
    /// A bias that the batch normalisation after it subtracts again.
    BiasBeforeBn = "bias-before-bn" Warning,
    /// A pool whose windows leave pixels at the edge unread.
    DroppedPixels = "dropped-pixels" Warning,
    /// A pool whose windows are farther apart than they are large.
    SkippedPixels = "skipped-pixels" Warning,
    /// An op that returns its operand.
    NoEffect = "no-effect" Warning,
    /// A softmax ahead of a loss that takes logits.
    SoftmaxAtOutput = "softmax-at-output" Warning,
    /// An input whose channels seem to come last.
    ChannelsLast = "channels-last" Warning,
    /// A batch normalisation that forgets almost all earlier batches.
    BnMomentum = "bn-momentum" Warning,
    /// A setting of a recipe that nothing reads.
    UnusedSetting = "unused-setting" Warning,
}
