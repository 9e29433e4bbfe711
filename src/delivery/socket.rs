//! A connection's socket: TCP, or TCP under TLS.
//!
//! Nothing here waits but [`Socket::readable`] and [`Socket::writable`]. Over plain TCP anybody may
//! write at any time. A TLS session is written and read by its connection's own task only, so that
//! encrypting for one member never holds up a pass over all: its lock is never contended.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustls::ServerConnection;
use socket2::SockRef;
use tokio::net::TcpStream;

/// Bytes that a TLS session holds for a peer that does not take them. What it does not take stays
/// where it was: in the gate as a frame begun, behind that in the log.
const UNSENT: usize = 32 * 1024;

/// A connection's socket.
pub struct Socket {
    tcp: TcpStream,
    tls: Option<Box<Tls>>,
}

struct Tls {
    session: Mutex<ServerConnection>,
    /// Bytes that left, ever.
    sent: AtomicU64,
}

impl From<TcpStream> for Socket {
    fn from(tcp: TcpStream) -> Self {
        Self { tcp, tls: None }
    }
}

impl Socket {
    /// A socket under TLS, its handshake done.
    #[must_use]
    pub fn under_tls(tcp: TcpStream, mut session: ServerConnection) -> Self {
        session.set_buffer_limit(Some(UNSENT));
        let tls = Tls { session: Mutex::new(session), sent: AtomicU64::new(0) };
        Self { tcp, tls: Some(Box::new(tls)) }
    }

    /// Whether only the connection's own task may write.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Bytes that left under TLS, ever; `None` over plain TCP, where the gate counts.
    pub(super) fn sent_under_tls(&self) -> Option<u64> {
        self.tls.as_ref().map(|tls| tls.sent.load(Ordering::Relaxed))
    }

    /// Waits until [`Self::try_read`] is worth a try.
    pub async fn readable(&self) -> io::Result<()> {
        if self.tls.as_ref().is_some_and(|tls| tls.holds_input()) {
            return Ok(());
        }
        self.tcp.readable().await
    }

    /// Waits until the system takes bytes.
    pub async fn writable(&self) -> io::Result<()> {
        self.tcp.writable().await
    }

    /// Reads what is there. `Ok(0)`: the peer has hung up. `WouldBlock`: nothing yet.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.tcp.try_read(into),
            Some(tls) => tls.read(&self.tcp, into),
        }
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            // The system is asked at once. What tokio knows of the socket is nothing that a member of a pass
            // has in the processor's cache, and is true after every answer but this one.
            None => match send(&self.tcp, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Err(Errno::AGAIN | Errno::INTR) => self.tcp.try_write(bytes),
                sent => Ok(sent?),
            },
            Some(tls) => tls.write(&self.tcp, &[IoSlice::new(bytes)]),
        }
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.tls {
            None => self.tcp.try_write_vectored(slices),
            Some(tls) => tls.write(&self.tcp, slices),
        }
    }

    /// Lets go what TLS holds back. `false`: the system does not take all of it for now.
    pub(super) fn try_flush(&self) -> io::Result<bool> {
        match &self.tls {
            None => Ok(true),
            Some(tls) => tls.flush(&self.tcp, &mut tls.session.lock()),
        }
    }

    /// Says that nothing more will be sent. An error: the connection is gone already.
    pub(super) fn finish(&self) -> io::Result<()> {
        if let Some(tls) = &self.tls {
            let mut session = tls.session.lock();
            session.send_close_notify();
            // A peer that takes nothing gets no goodbye; FIN tells it enough.
            let _ = tls.flush(&self.tcp, &mut session);
        }
        SockRef::from(&self.tcp).shutdown(Shutdown::Write)
    }

    /// Reads what the peer sends and drops it, until it hangs up.
    pub(super) async fn drop_input(&self) {
        while self.tcp.readable().await.is_ok() && self.drop_some() {}
    }

    /// Reads once and drops it. `false`: there is nothing more to come. A function of its own, so
    /// that its buffer lies on the stack: in a future every open connection would hold it for life.
    fn drop_some(&self) -> bool {
        let mut rest = [0; 4 * 1024];
        match self.tcp.try_read(&mut rest) {
            Ok(length) => length > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

impl Tls {
    /// Whether something can be read without the socket having more: text, the peer's end, an error.
    fn holds_input(&self) -> bool {
        self.session
            .lock()
            .process_new_packets()
            .map_or(true, |state| state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }

    fn read(&self, tcp: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
        let mut session = self.session.lock();
        loop {
            match session.reader().read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
            session.read_tls(&mut Raw(tcp))?;
            if let Err(error) = session.process_new_packets() {
                // The alert that says why; whether it arrives is the peer's affair.
                let _ = self.flush(tcp, &mut session);
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
    }

    /// Takes what fits into the session's buffer, once that is empty.
    fn write(&self, tcp: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.session.lock();
        if !self.flush(tcp, &mut session)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = session.writer().write_vectored(slices)?;
        self.flush(tcp, &mut session)?;
        Ok(taken)
    }

    fn flush(&self, tcp: &TcpStream, session: &mut ServerConnection) -> io::Result<bool> {
        while session.wants_write() {
            match session.write_tls(&mut Raw(tcp)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => self.sent.fetch_add(sent as u64, Ordering::Relaxed),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
        }
        Ok(true)
    }
}

/// The system's side of a TLS session.
struct Raw<'a>(&'a TcpStream);

impl Read for Raw<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
