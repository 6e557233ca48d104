//! The grammar of windows, as tables.

use super::*;

fn read(text: &str) -> Read<(String, String)> {
    parse(text).map(|window| (window.name, window.json))
}

/// Goal: every form of a window, its name and its JSON. Method: a table from docs/FEATURES.md.
#[test]
fn s03_windows_become_json() {
    for (text, name, json) in [
        ("1h", "1h", r#"{"kind":"sliding","length_us":3600000000,"offset_us":0}"#),
        ("90m", "90m", r#"{"kind":"sliding","length_us":5400000000,"offset_us":0}"#),
        ("365d", "365d", r#"{"kind":"sliding","length_us":31536000000000,"offset_us":0}"#),
        (
            " 7d  offset 7d ",
            "7d_offset_7d",
            r#"{"kind":"sliding","length_us":604800000000,"offset_us":604800000000}"#,
        ),
        (
            "3600s offset 1us",
            "3600s_offset_1us",
            r#"{"kind":"sliding","length_us":3600000000,"offset_us":1}"#,
        ),
        ("7200000ms", "7200000ms", r#"{"kind":"sliding","length_us":7200000000,"offset_us":0}"#),
        ("90s exact", "90s_exact", r#"{"kind":"exact","length_us":90000000,"offset_us":0}"#),
        ("1us exact", "1us_exact", r#"{"kind":"exact","length_us":1,"offset_us":0}"#),
        (
            "7d exact offset 1d",
            "7d_exact_offset_1d",
            r#"{"kind":"exact","length_us":604800000000,"offset_us":86400000000}"#,
        ),
        (
            "7d step 1d",
            "7d_step_1d",
            r#"{"kind":"hopping","length_us":604800000000,"step_us":86400000000,"offset_us":0}"#,
        ),
        (
            "10s step 3s offset 1ms",
            "10s_step_3s_offset_1ms",
            r#"{"kind":"hopping","length_us":10000000,"step_us":3000000,"offset_us":1000}"#,
        ),
        (
            "1d tumbling",
            "1d_tumbling",
            r#"{"kind":"hopping","length_us":86400000000,"step_us":86400000000,"offset_us":0}"#,
        ),
        ("lifetime", "lifetime", r#"{"kind":"lifetime","offset_us":0}"#),
        (
            "lifetime offset 7d",
            "lifetime_offset_7d",
            r#"{"kind":"lifetime","offset_us":604800000000}"#,
        ),
        (
            "latest event in 90d",
            "latest_event_in_90d",
            r#"{"kind":"latest_event","lookback_us":7776000000000}"#,
        ),
        (
            "latest event in 90s exact",
            "latest_event_in_90s_exact",
            r#"{"kind":"latest_event","lookback_us":90000000,"exact":true}"#,
        ),
        (
            "7d series 4",
            "7d_series_4",
            r#"{"kind":"series","length_us":604800000000,"count":4,"offset_us":0}"#,
        ),
        (
            "1h series 1000 offset 2h",
            "1h_series_1000_offset_2h",
            r#"{"kind":"series","length_us":3600000000,"count":1000,"offset_us":7200000000}"#,
        ),
        (
            "last 10 in 90d",
            "last_10_in_90d",
            r#"{"kind":"last_rows","rows":10,"lookback_us":7776000000000}"#,
        ),
        (
            "last 10 in 30m exact",
            "last_10_in_30m_exact",
            r#"{"kind":"last_rows","rows":10,"lookback_us":1800000000,"exact":true}"#,
        ),
        (
            "last 1 skip 2 in 90d",
            "last_1_skip_2_in_90d",
            r#"{"kind":"last_rows","rows":1,"skip":2,"lookback_us":7776000000000}"#,
        ),
        (
            "last 10 skip 990 in 1us exact",
            "last_10_skip_990_in_1us_exact",
            r#"{"kind":"last_rows","rows":10,"skip":990,"lookback_us":1,"exact":true}"#,
        ),
        (
            "open session 30m in 7d",
            "open_session_30m_in_7d",
            r#"{"kind":"session","gap_us":1800000000,"lookback_us":604800000000,"open":true}"#,
        ),
        (
            "session 30m in 7d",
            "session_30m_in_7d",
            r#"{"kind":"session","gap_us":1800000000,"lookback_us":604800000000}"#,
        ),
        (
            "session 360ms in 1h",
            "session_360ms_in_1h",
            r#"{"kind":"session","gap_us":360000,"lookback_us":3600000000}"#,
        ),
    ] {
        assert_eq!(read(text), Ok((name.to_string(), json.to_string())), "{text}");
    }
}

/// Goal: what S3 refuses is refused with a remedy. Method: a part of each message.
#[test]
fn s03_bad_windows_are_refused() {
    for (text, part) in [
        ("59m", "at least 1h"),
        ("61m", "write \"1h\" or \"65m\""),
        ("750m", "write \"12h\" or \"13h\""),
        ("300h", "write \"12d\" or \"13d\""),
        ("7d offset 0d", "leave it out"),
        ("lifetime offset 0s", "leave it out"),
        ("0s exact", "at least 1us"),
        ("7d step 1500ms", "write \"2s\""),
        ("7d step 0s", "write \"1s\""),
        ("90500ms step 1s", "write \"91s\""),
        ("500ms tumbling", "write \"1s\""),
        ("1d step 7d", "write \"7d tumbling\""),
        ("59m series 2", "at least 1h"),
        ("7d series 0", "1 to 1000"),
        ("7d series 1001", "1 to 1000"),
        ("7d series +4", "1 to 1000"),
        ("last 0 in 90d", "1 to 1000"),
        ("last 1001 in 90d", "1 to 1000"),
        ("last ten in 90d", "1 to 1000"),
        ("last 10 in 30m", "at least 1h"),
        ("last 10 skip 0 in 90d", "1 to 1000"),
        ("last 1000 skip 1 in 90d", "at most 1000 together"),
        ("last 10 in 0s exact", "at least 1us"),
        ("last 10 in 90d exactly", "is no window"),
        ("last 10 in 1h exact offset 1h", "take no offset"),
        ("open session 30m", "is no window"),
        ("last 10 in lifetime", "is no window nor a length"),
        ("last 10 in 90d offset 1d", "take no offset"),
        ("session 30m in 7d offset 1d", "take no offset"),
        ("session 359ms in 1h", "at least \"360ms\""),
        ("session 0s in 7d", "at least \"60480ms\""),
        ("session 30m in 61m", "write \"1h\" or \"65m\""),
        ("lifetime exact", "is no window"),
        ("", "is no window"),
        ("offset 7d", "is no window"),
        ("7", "is no window"),
        ("d", "is no window"),
        ("-7d", "is no window"),
        ("7d offset", "is no window"),
        ("7d exact exact", "is no window"),
        ("last 10", "is no window"),
        ("session 30m", "is no window"),
        ("7 d", "is no window"),
        ("1w", "is no window"),
        ("99999999999999d", "is no window"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text:?}: {error}");
    }
}
