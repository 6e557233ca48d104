//! Files that lack a column, where views disagree about whether the column may be null (S8).

use super::log::{Coupon, Order, write};
use super::{TRAIN, project};

/// Goal: a file without a column is accepted if some view declares the column nullable; the views
/// that require the column do not see its events. If no view declares it nullable, the file is
/// refused by name (S6, S8).
#[test]
fn s08_a_file_without_a_column_costs_the_views_that_need_it() {
    let entities = ["a".to_string(), "b".to_string()];
    let lacking = |views: &[&str]| {
        let place = project(views, &entities);
        place.write("lacking.csv", "id,at,who\n1,10,a\n2,20,b\n");
        let order = |who: &str, at: i64| Order {
            id: Some(at.to_string()),
            at: Some(at),
            who: Some(who.to_string()),
            coupon: Coupon::Good(1),
        };
        write(&place, "whole.parquet", &[order("a", 10), order("b", 20)]);
        place.change(("whole.parquet", 2), "lacking.parquet", |name, array| {
            (name != "coupon").then_some(array)
        });
        place
    };
    for file in ["lacking.csv", "lacking.parquet"] {
        let views = ["old", "new", "soft"];
        assert_eq!(lacking(&views).counts(&views, file, 2), [[1, 1], [0, 0], [1, 1]], "{file}");
        let views = ["old", "soft"];
        assert_eq!(lacking(&views).counts(&views, file, 0), [[1, 1], [1, 1]], "{file}");
        let words = [file, "no column \"coupon\" of type int64", "declare it nullable"];
        let line = format!("{TRAIN} --events orders=@{file}");
        lacking(&["old", "new"]).check(&line, 2, &words);
    }

    // A line has no header, so a missing key affects only the view.
    let place = project(&["old", "new"], &entities);
    place.write("orders.ndjson", "{\"id\":\"1\",\"at\":10,\"who\":\"a\"}\n");
    assert_eq!(place.counts(&["old", "new"], "orders.ndjson", 1), [[1, 0], [0, 0]]);
    let words = ["for view new, position 0: line 1: column \"coupon\": missing, but the column"];
    place.ends("stream --bad-rows-max 0", 1, &words);
}

/// Goal: if a value differs from its folder's, the views that declare the column do not see the
/// event; if the folder says null, only views that declare the column non-null do not (S6, S8).
#[test]
fn s08_folders_cost_the_views_that_declare_their_column() {
    let place = project(&["old", "new", "soft"], &["a".to_string(), "b".to_string()]);
    for (folder, coupons) in [("coupon=7", "7,8"), ("coupon=__HIVE_DEFAULT_PARTITION__", "none")] {
        std::fs::create_dir(place.path(folder)).unwrap();
        let text = match coupons.split_once(',') {
            Some((same, other)) => format!("id,at,who,coupon\n1,10,a,{same}\n2,20,b,{other}\n"),
            None => "id,at,who\n3,30,a\n".to_string(),
        };
        place.write(&format!("{folder}/orders.csv"), text);
    }
    let counts = place.counts(&["old", "new", "soft"], "coupon=*/orders.csv", 3);
    assert_eq!(counts, [[2, 1], [1, 0], [2, 0]]);
}
