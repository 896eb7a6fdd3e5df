//! `docs/pacing.csv`: every setting one row.

use crate::{row::Row, table};

const HEAD: &str = "limit,scenario,limiter,retry_after,words,processes,rejected,\
    rejected_beyond_first_look,time,worst_seed_time,given_up,out_of_time,out_of_time_at_best,most_attempts\n";

pub(crate) fn csv(rows: &[Row]) -> String {
    rows.iter().fold(HEAD.to_owned(), |text, row| text + &line(row))
}

fn line(row: &Row) -> String {
    let Row { limit, setting, rejected, beyond, time, worst, .. } = row;
    let Row { given_up, out_of_time, out_of_time_at_best, most_attempts, .. } = row;
    // No field of a CSV without quotes has a comma.
    let scenario = setting.scenario.name.replace(',', "");
    format!(
        "{limit},{scenario},{},{},{},{},{rejected:.3},{beyond:.3},{time:.3},{worst:.3},{given_up:.2},{out_of_time:.2},{out_of_time_at_best:.2},{most_attempts}\n",
        table::name(setting.kind),
        setting.retry_after,
        setting.scenario.words.name(),
        setting.processes,
    )
}
