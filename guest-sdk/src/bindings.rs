//! Rust bindings of `wit/*.wit`: one module for each world.
//!
//! Invariant: an artifact exports a world only if it implements something in it, which `export!`
//! ensures. Of the bindings of an exported world only its description is used: the custom section
//! that turns the module into a component. The exported functions are written by `export!`, because
//! the generated ones allocate each list separately and free each reply by another call, which is
//! most of the cost of a call with one row. Their names and types are checked when the component is
//! made. Deliberately absent: hand-written bindings of the import.

/// The world of guests that map events.
pub mod transform_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "transform-guest",
        pub_export_macro: true,
        export_macro_name: "describe_transform_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::transform_guest",
    });
}

/// The world of guests that compute at request time.
pub mod on_demand_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "on-demand-guest",
        pub_export_macro: true,
        export_macro_name: "describe_on_demand_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::on_demand_guest",
    });
}

/// The world of guests that compute an author's aggregates.
pub mod aggregate_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "aggregate-guest",
        pub_export_macro: true,
        export_macro_name: "describe_aggregate_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::aggregate_guest",
    });
}

/// The world with the only import.
#[cfg(feature = "log")]
pub mod log_guest {
    wit_bindgen::generate!({ path: "../wit", world: "log-guest" });
}

/// Replaces the generated functions with nothing.
#[doc(hidden)]
#[macro_export]
macro_rules! __no_functions {
    ($($of:tt)*) => {};
}

/// The modules of the exports, without functions, as the macros above look for them.
pub mod described {
    /// Nested as in the bindings.
    pub mod exports {
        /// Nested as in the bindings.
        pub mod lockstep {
            /// Nested as in the bindings.
            pub mod features {
                /// For `wit/transform.wit`.
                pub mod transform {
                    pub use crate::__no_functions as __export_lockstep_features_transform_0_2_0_cabi;
                }
                /// For `wit/on-demand.wit`.
                pub mod on_demand {
                    pub use crate::__no_functions as __export_lockstep_features_on_demand_0_2_0_cabi;
                }
                /// For `wit/aggregate.wit`.
                pub mod aggregate {
                    pub use crate::__no_functions as __export_lockstep_features_aggregate_0_2_0_cabi;
                }
            }
        }
    }
}
