use std::process::ExitCode;

use crate::cli::out::print;
use crate::cli::train::args::{RecipeArgs, RecipeFormat};
use crate::recipe::Recipe;

pub(in crate::cli) fn run(args: &RecipeArgs) -> ExitCode {
    let recipe = Recipe::default();
    print(&match args.format {
        RecipeFormat::Yaml => recipe.explained(),
        RecipeFormat::Markdown => recipe.markdown(),
    });
    ExitCode::SUCCESS
}
