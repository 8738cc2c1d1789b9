//! `migrate` of the real binary: from one file to another, and with MySQL and MariaDB, whose cases show as ignored where the engine
//! does not run.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

/// Cases by name.
macro_rules! named {
    ($($case:ident,)*) => { &[$((stringify!($case), $case),)*] };
}

mod engines;
mod files;
mod place;
#[path = "../process/mod.rs"]
mod process;
mod program;

use libtest_mimic::{Arguments, Trial};
use tests::scratch;

use place::Place;

/// A case, by its name.
type Named<F> = (&'static str, F);

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, case) in files::CASES {
        trials.push(Trial::test(*name, move || {
            case();
            Ok(())
        }));
    }
    for engine in ["mysql", "mariadb"] {
        for (name, case) in engines::CASES {
            let trial = Trial::test(format!("{engine}::{name}"), move || {
                case(&Place::on(engine));
                Ok(())
            });
            trials.push(trial.with_ignored_flag(scratch::url(engine).is_none()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
