//! `handslag tour --out DIR [--json]`: the whole job without a person. A fresh demonstration on a free port, gone afterwards.

use std::{path::Path, process::ExitCode};

use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

use super::{Ended, log, option};
use crate::{
    demo::{self, Step, Tour},
    routes, start,
};

pub(super) fn run(words: &[&str]) -> Ended {
    log();
    let out = Path::new(option(words, "--out").unwrap_or("out"));
    let as_json = words.contains(&"--json");
    std::fs::create_dir_all(out)?;
    let data = out.join(format!(".tour-{}", std::process::id()));
    let ended = start::runtime()?.block_on(toured(out, &data, as_json));
    std::fs::remove_dir_all(&data).ok();
    ended
}

async fn toured(out: &Path, data: &Path, as_json: bool) -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let (server, place) = demo::at(data, &format!("http://localhost:{port}"), &format!("http://127.0.0.1:{port}")).await?;
    let app = demo::watched(routes::routes(&server, demo::routes(place.clone())), place.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(start::serve(server.clone(), app, listener, async {
        stopped.await.ok();
    }));
    let taken = Tour::new(&server, place, out).take(|step| tell(step, as_json)).await;
    stop.send(()).ok();
    serving.await??;
    match taken {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(problem) => {
            eprintln!("the tour stopped: {} ({})", problem.en, problem.code);
            Ok(ExitCode::FAILURE)
        }
    }
}

fn tell(step: &Step, as_json: bool) {
    let ms = u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX);
    if as_json {
        println!("{}", json!({ "step": step.name, "ms": ms, "told": step.told }));
    } else {
        println!("{ms:>6} ms  {}", step.told);
    }
}
