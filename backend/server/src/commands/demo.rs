//! `handslag demo [--port N] [--data DIR] [--lan] [--client FILE]`: an invented municipality in this process.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use tokio::net::TcpListener;

use super::{Ended, log, option};
use crate::{config::Services, demo, routes, start};

const FIRST_PORT: u16 = 8080;

pub(super) fn run(words: &[&str]) -> Ended {
    log();
    let data = option(words, "--data").map_or_else(|| PathBuf::from(".demo"), PathBuf::from);
    let port = option(words, "--port").map_or(Ok(FIRST_PORT), str::parse)?;
    let is_open = words.contains(&"--lan");
    let services = option(words, "--client").map_or(Ok(Services::default()), |file| Services::read(Path::new(file)))?;
    start::runtime()?.block_on(async {
        let listener = next_free(if is_open { "0.0.0.0" } else { "127.0.0.1" }, port).await?;
        let port = listener.local_addr()?.port();
        let issuer = format!("http://{}:{port}", if is_open { own_address()? } else { "localhost".to_owned() });
        let (server, place) = demo::at_with(&data, &issuer, &format!("http://127.0.0.1:{port}"), |config| services.join(config)).await?;
        let app = demo::watched(routes::routes(&server, demo::routes(place.clone())), place);
        println!("Kvarnby kommun (påhittad) finns på {issuer}  ·  The invented municipality is at {issuer}");
        println!("Avsluta med Ctrl-C. Allt ligger i {}.  ·  End with Ctrl-C. Everything is in {}.", data.display(), data.display());
        start::serve(server, app, listener, start::asked_to_end()).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The port asked for, or the next free one.
async fn next_free(host: &str, port: u16) -> std::io::Result<TcpListener> {
    for port in port..port.saturating_add(50) {
        if let Ok(listener) = TcpListener::bind((host, port)).await {
            return Ok(listener);
        }
    }
    TcpListener::bind((host, 0)).await
}

/// The address of this machine on its own network: the one that a packet outwards would leave from. Nothing is sent.
fn own_address() -> std::io::Result<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip().to_string())
}
