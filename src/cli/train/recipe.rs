use std::process::ExitCode;

use crate::cli::out::print;
use crate::cli::train::args::RecipeArgs;
use crate::recipe::Recipe;

pub(in crate::cli) fn run(args: &RecipeArgs) -> ExitCode {
    let recipe = Recipe::default();
    print(&if args.markdown { recipe.markdown() } else { recipe.explained() });
    ExitCode::SUCCESS
}
