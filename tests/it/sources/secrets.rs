//! Secrets: what an object store answers, and what is in URLs and in the environment, is shown
//! without credentials.
//!
//! Method: a server that answers every request with an error that repeats the request, as some
//! proxies do.

use lockstep_source::{ObjectStores, Pattern, files_of};
use std::io::{Read, Write};
use std::net::TcpListener;

/// Starts a server that answers with `status`, and with what it was sent; returns its address.
fn echoing(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = vec![0; 1 << 16];
            let read = stream.read(&mut request).unwrap_or(0);
            let body = String::from_utf8_lossy(&request[..read]).into_owned();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Goal: no message holds a session token, a key or a password, whatever a server answers and
/// whichever request fails.
#[test]
fn messages_hold_no_credentials() {
    let secrets = ["t0ken-of-the-session", "s3cret-key-of-mine", "AKIDNAMEOFAKEY", "hunter2"];
    for status in ["403 Forbidden", "400 Bad Request", "404 Not Found", "418 I'm a teapot"] {
        let server = echoing(status);
        for endpoint in [format!("http://{server}"), format!("http://me:hunter2@{server}")] {
            for allow in ["true", "false"] {
                let stores = ObjectStores::new(
                    [
                        ("AWS_ENDPOINT_URL", endpoint.as_str()),
                        ("AWS_ALLOW_HTTP", allow),
                        ("AWS_REGION", "us-east-1"),
                        ("AWS_ACCESS_KEY_ID", secrets[2]),
                        ("AWS_SECRET_ACCESS_KEY", secrets[1]),
                        ("AWS_SESSION_TOKEN", secrets[0]),
                    ]
                    .map(|(name, value)| (name.to_string(), value.to_string())),
                );
                for url in ["s3://bucket/a.parquet", "s3://bucket/**/*.parquet"] {
                    let found = files_of(&[Pattern::new("", url)], &stores);
                    let error = found.unwrap_err();
                    let shown = format!("{error} {error:?}");
                    for secret in secrets {
                        assert!(!shown.contains(secret), "{status} {url}: {shown}");
                    }
                    assert!(shown.contains("s3://bucket"), "{shown}");
                }
            }
        }
    }
    let stores = ObjectStores::new([]);
    for url in ["https://me:hunter2@host/a.csv?sig=hunter2", "s3://me:hunter2@bucket/a.csv"] {
        let pattern = Pattern::new("", url);
        let error = files_of(std::slice::from_ref(&pattern), &stores).unwrap_err();
        assert!(!format!("{error} {error:?} {pattern}").contains("hunter2"), "{error}");
    }
}
