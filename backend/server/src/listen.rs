//! The listening end: how many connections, how long each may take its time, and how it all ends.
//!
//! The attacks are slow ones: a connection that sends one byte a second (the head's time is over), one that neither sends nor reads
//! (it stalls), ten thousand that do nothing (the next one waits at the door). What a whole request may take and weigh is told in
//! `limits`. Where TLS ends here, its handshake has the time of a head.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use crate::{config::Limits, sender::Peer, tls::Acceptor};

/// Serves plain HTTP until `stop` is over; see [`listen_by`].
pub async fn listen(app: Router, listener: TcpListener, limits: &Limits, stop: impl Future<Output = ()> + Send) {
    listen_by(app, listener, Way::Plain, limits, stop).await;
}

/// What a connection begins with.
#[derive(Clone)]
pub enum Way {
    /// HTTP.
    Plain,
    /// TLS.
    Tls(Arc<Acceptor>),
    /// TLS, where the other end shows a certificate.
    Mutual(Arc<Acceptor>),
}

/// Serves until `stop` is over; then no new connection is taken, open requests are answered, and idle connections end.
pub async fn listen_by(app: Router, listener: TcpListener, way: Way, limits: &Limits, stop: impl Future<Output = ()> + Send) {
    let (room, graceful) = (Arc::new(Semaphore::new(limits.connections)), GracefulShutdown::new());
    let (stalled_after, begins_within) = (Duration::from_secs(limits.stalled_seconds), Duration::from_secs(limits.head_seconds));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(limits.head_seconds)).max_buf_size(HEAD_BYTES);
    tokio::pin!(stop);
    loop {
        let ((stream, address), place) = tokio::select! {
            biased;
            () = &mut stop => break,
            taken = next(&listener, &room) => taken,
        };
        let (http, app, way, watcher) = (http.clone(), app.clone(), way.clone(), graceful.watcher());
        tokio::spawn(async move {
            let line = Line::new(stream);
            line.0.stream.set_nodelay(true).ok();
            // A handshake that fails or takes too long has heard enough by the connection's end.
            if let Ok(Some((stream, peer))) = timeout(begins_within, begun(&line, address, &way)).await {
                one(&http, app, (stream, peer), &line, watcher, stalled_after).await;
            }
            drop(place);
        });
    }
    // Who knocks now is told at once, not kept waiting.
    drop(listener);
    if timeout(Duration::from_secs(limits.end_seconds), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not answered before the end");
    }
}

/// The next connection, when there is room for one.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> ((TcpStream, SocketAddr), Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok(taken) => return (taken, place),
            // The caller was gone already, or the machine is out of file handles: some will be free in a moment.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(BREATH).await;
            }
        }
    }
}

/// What HTTP is spoken over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Shakes hands where the way begins so; nothing if the other end does not know how.
async fn begun(line: &Line, address: SocketAddr, way: &Way) -> Option<(Box<dyn Stream>, Peer)> {
    // An IPv4 caller of an IPv6 listener is still that caller.
    let address = address.ip().to_canonical();
    match way {
        Way::Plain => Some((Box::new(line.clone()), Peer { address, certificates: None })),
        Way::Tls(acceptor) => {
            let stream = acceptor.current().accept(line.clone()).await.ok()?;
            Some((Box::new(stream), Peer { address, certificates: None }))
        }
        Way::Mutual(acceptor) => {
            let stream = acceptor.current().accept(line.clone()).await.ok()?;
            let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let certificates = shown.iter().map(|certificate| certificate.clone().into_owned()).collect();
            Some((Box::new(stream), Peer { address, certificates: Some(certificates) }))
        }
    }
}

async fn one(http: &http1::Builder, app: Router, (stream, peer): (Box<dyn Stream>, Peer), line: &Line, watcher: Watcher, stalled_after: Duration) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        app.clone().oneshot(request)
    });
    let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection => if ended.is_ok() { line.lingers().await },
        () = line.stalls(stalled_after) => {}
    }
}

/// A connection that knows when a byte last went over it.
#[derive(Clone)]
struct Line(Arc<Wire>);

struct Wire {
    stream: TcpStream,
    began: Instant,
    /// Milliseconds after the beginning.
    moved: AtomicU64,
}

impl Line {
    fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Wire { stream, began: Instant::now(), moved: AtomicU64::new(0) }))
    }

    fn age(&self) -> Duration {
        self.0.began.elapsed()
    }

    fn moves(&self) {
        self.0.moved.store(u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Over when no byte has gone over the connection for so long, in either direction.
    async fn stalls(&self, after: Duration) {
        loop {
            let still = self.age().saturating_sub(Duration::from_millis(self.0.moved.load(Ordering::Relaxed)));
            if still >= after {
                return;
            }
            sleep(after.saturating_sub(still).max(BREATH)).await;
        }
    }

    /// Reads on and throws away what a client still sends after it was answered with a refusal: a connection that is closed on unread
    /// bytes is reset, and the client never sees the sentence.
    async fn lingers(&self) {
        let rest = async {
            let mut thrown_away = [0; 4096];
            while timeout(LINGER_STILL, self.0.stream.readable()).await.is_ok_and(|ready| ready.is_ok()) {
                match self.0.stream.try_read(&mut thrown_away) {
                    Ok(0) => return,
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                    Ok(_) | Err(_) => {}
                }
            }
        };
        timeout(LINGER, rest).await.ok();
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.stream.poll_read_ready(context))?;
            match self.0.stream.try_read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => {
                    buffer.advance(read?);
                    self.moves();
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.stream.poll_write_ready(context))?;
            match self.0.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.moves();
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(rustix::net::shutdown(&self.0.stream, rustix::net::Shutdown::Write)?))
    }
}

/// The most of a request's head; read a little further, it is refused all the same.
pub const HEAD_BYTES: usize = 32 * 1024;
/// A moment for things to become free.
const BREATH: Duration = Duration::from_millis(100);
/// A refused client is heard out this long, and this long while it says nothing.
const LINGER: Duration = Duration::from_mins(1);
const LINGER_STILL: Duration = Duration::from_secs(5);
