use std::process::ExitCode;

use super::args_tools::RecipeArgs;
use super::out::print;
use crate::recipe::Recipe;

pub(super) fn run(args: &RecipeArgs) -> ExitCode {
    let recipe = Recipe::default();
    print(&if args.markdown { recipe.markdown() } else { recipe.explained() });
    ExitCode::SUCCESS
}
