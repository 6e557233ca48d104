//! What `wit/*.wit` says, as Rust: one module a world.
//!
//! Invariant: a world is exported only by an artifact that has something behind it, which `export!`
//! sees to. Of the bindings of an exported world only its description is used, the section that
//! makes a component of the module. The functions themselves `export!` writes: the generated ones
//! take each list as an allocation of its own and free each answer by one more call, which is most
//! of the cost of a call of one row. Their names and their types are checked when the component is
//! made. Deliberately absent: any hand-written glue of the import.

/// The world that maps events.
pub mod transform_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "transform-guest",
        pub_export_macro: true,
        export_macro_name: "describe_transform_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::transform_guest",
    });
}

/// The world that computes at request time.
pub mod on_demand_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "on-demand-guest",
        pub_export_macro: true,
        export_macro_name: "describe_on_demand_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::on_demand_guest",
    });
}

/// The world that computes an author's aggregates.
pub mod aggregate_guest {
    wit_bindgen::generate!({
        path: "../wit",
        world: "aggregate-guest",
        pub_export_macro: true,
        export_macro_name: "describe_aggregate_guest",
        default_bindings_module: "lockstep_sdk::__::bindings::aggregate_guest",
    });
}

/// The world with the one import.
#[cfg(feature = "log")]
pub mod log_guest {
    wit_bindgen::generate!({ path: "../wit", world: "log-guest" });
}

/// In place of the generated functions: none.
#[doc(hidden)]
#[macro_export]
macro_rules! __no_functions {
    ($($of:tt)*) => {};
}

/// The modules of the exports as the macros above look for them, with no functions.
pub mod described {
    /// As the bindings nest them.
    pub mod exports {
        /// As the bindings nest them.
        pub mod lockstep {
            /// As the bindings nest them.
            pub mod features {
                /// Of `wit/transform.wit`.
                pub mod transform {
                    pub use crate::__no_functions as __export_lockstep_features_transform_0_2_0_cabi;
                }
                /// Of `wit/on-demand.wit`.
                pub mod on_demand {
                    pub use crate::__no_functions as __export_lockstep_features_on_demand_0_2_0_cabi;
                }
                /// Of `wit/aggregate.wit`.
                pub mod aggregate {
                    pub use crate::__no_functions as __export_lockstep_features_aggregate_0_2_0_cabi;
                }
            }
        }
    }
}
