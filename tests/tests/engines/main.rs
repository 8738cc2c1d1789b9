//! The kits on real engines. Each case has a fresh, isolated adapter, so all of them run at once; the cases of an engine that is not
//! running show as ignored. `scripts/services up` starts every engine.

mod elasticsearch;
mod engine;
mod mysql;
mod mysql_faults;
mod mysql_people;
mod mysql_trips;
mod mysql_upkeep;
mod redis;
mod tls;
mod transfer;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = redis::trials();
    trials.extend(mysql::trials());
    trials.extend(elasticsearch::trials());
    trials.extend(mysql_faults::trials());
    trials.extend(mysql_people::trials());
    trials.extend(mysql_trips::trials());
    trials.extend(mysql_upkeep::trials());
    trials.extend(tls::trials());
    trials.extend(transfer::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
