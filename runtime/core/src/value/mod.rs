//! Values: the contents of columns, each with one canonical encoding and one total order (S14).
//!
//! Invariant: the encoding preserves order, so that for two values `a` and `b` of one type `a < b`
//! exactly when `encode(a) < encode(b)` as bytes, and `a == b` exactly when the bytes are equal.
//! -0.0 and +0.0 differ, NaN is one quiet NaN and the greatest float, and null sorts first.
//! Deliberately absent: any comparison of floats by the platform's `==` or `<`.

mod data_type;
mod datum;
mod decimal;
mod encoding;
mod order;

pub use data_type::{Column, DataType, LIST_DEPTH_MAX};
pub use datum::Value;
pub use decimal::{Decimal, PRECISION_MAX, has_precision, parse_unscaled, power_of_ten};
pub use order::{
    NAN_32, NAN_64, canonical_f32, canonical_f64, f32_from_order, f32_order, f64_from_order,
    f64_order, i64_from_order, i64_order,
};

pub(crate) use encoding::{tag, take};
pub(crate) use order::i32_order;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int64),
            any::<u32>().prop_map(|bits| Value::Float32(f32::from_bits(bits))),
            any::<u64>().prop_map(|bits| Value::Float64(f64::from_bits(bits))),
            "[\\x00a-cé]{0,4}".prop_map(|text| Value::String(text.into())),
            any::<i64>().prop_map(Value::Timestamp),
            any::<u64>().prop_map(Value::UInt64),
            any::<i32>().prop_map(Value::Date),
            prop::collection::vec(prop_oneof![Just(0), Just(255), any::<u8>()], 0..4)
                .prop_map(|bytes| Value::Bytes(bytes.into())),
            any::<i128>().prop_map(|value| {
                let unscaled = value % power_of_ten(PRECISION_MAX);
                Value::Decimal(Box::new(Decimal { unscaled, scale: 7 }))
            }),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::List)
        })
    }

    proptest! {
        /// Goal: the encoding is canonical, self-delimiting and preserves order.
        #[test]
        fn s14_encoding_is_canonical(a in any_value(), b in any_value()) {
            let (x, y) = (a.encoded(), b.encoded());
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            let both = [x.clone(), y].concat();
            let mut rest = both.as_slice();
            prop_assert_eq!(Value::decode(&mut rest).unwrap().encoded(), x);
            prop_assert_eq!(Value::decode(&mut rest).unwrap(), b);
            prop_assert!(rest.is_empty());
        }
    }

    /// Goal: types are parsed from the text they print, and a hostile text does not overflow the
    /// stack.
    #[test]
    fn types_have_names() {
        let read = |text: String| DataType::try_from(text);
        let deep = "list<".repeat(LIST_DEPTH_MAX) + "int64" + &">".repeat(LIST_DEPTH_MAX);
        assert_eq!(read(deep.clone()).unwrap().to_string(), deep);
        assert!(read(format!("list<{deep}>")).is_err());
        assert!(read("list<".repeat(1 << 20)).is_err());
        assert!(read("list<text>".to_string()).is_err());
        for text in [
            "int8",
            "int16",
            "int32",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "bytes",
            "date",
            "decimal(1,0)",
            "decimal(38,38)",
            "list<decimal(10,2)>",
            "map<decimal(10,2),list<decimal(3,1)>>",
            "map<date,bytes>",
        ] {
            assert_eq!(read(text.to_string()).unwrap().to_string(), text);
        }
        for text in [
            "decimal(39,0)",
            "decimal(0,0)",
            "decimal(2,3)",
            "decimal(2,-1)",
            "decimal(+2,1)",
            "decimal(02,1)",
            "decimal(2, 1)",
            "decimal(2)",
            "map<decimal(2,1>,int8>",
        ] {
            assert!(read(text.to_string()).is_err(), "{text}");
        }
    }

    /// Goal: 64-bit floats sort as in S14. Method: a list written in that order.
    #[test]
    fn s14_doubles_order() {
        let ordered =
            [f64::NEG_INFINITY, -1.5, -0.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::INFINITY, f64::NAN];
        for (i, &a) in ordered.iter().enumerate() {
            for (j, &b) in ordered.iter().enumerate() {
                assert_eq!(Value::Float64(a).cmp(&Value::Float64(b)), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(Value::Float64(-f64::NAN), Value::Float64(NAN_64));
        assert_ne!(Value::Int64(1), Value::String("1".into()));
    }
}
