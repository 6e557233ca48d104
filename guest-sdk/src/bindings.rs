//! What `wit/*.wit` says, as Rust: one module a world.
//!
//! Invariant: a world is exported only by an artifact that has something behind it, which `export!`
//! sees to. Deliberately absent: any hand-written glue.

/// The world that maps events.
pub mod transform_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "transform-guest",
        pub_export_macro: true,
        export_macro_name: "export_transform_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::transform_guest",
    });
}

/// The world that computes at request time.
pub mod on_demand_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "on-demand-guest",
        pub_export_macro: true,
        export_macro_name: "export_on_demand_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::on_demand_guest",
    });
}

/// The world that computes an author's aggregates.
pub mod aggregate_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "aggregate-guest",
        pub_export_macro: true,
        export_macro_name: "export_aggregate_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::aggregate_guest",
    });
}

/// The world with the one import.
#[cfg(feature = "log")]
pub mod log_guest {
    wit_bindgen::generate!({ path: "../wit", world: "log-guest" });
}
