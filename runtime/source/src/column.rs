//! Column builders: they collect cells of one type into the one Arrow array of that type.
//!
//! Invariant: a finished column has the type of [`arrow_type`], zero behind each null, and the one
//! quiet NaN. Deliberately absent: checking a cell against its type, which its decoder did.

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder,
    Int64Array, Int64Builder, ListArray, StringBuilder, TimestampMicrosecondBuilder, UInt64Array,
    UInt64Builder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    Date32Type, Field, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type,
};
use lockstep_core::cell::Cell;
use lockstep_core::event::{arrow_type, map_array};
use lockstep_core::value::{DataType, canonical_f32, canonical_f64};
use std::sync::Arc;

/// A column under construction.
pub(super) enum ColumnBuilder {
    Bool(BooleanBuilder),
    /// Signed integers or days, which become as narrow as their type at the end.
    Signed {
        data_type: DataType,
        values: Int64Builder,
    },
    /// Unsigned integers, which become as narrow as their type at the end.
    Unsigned {
        data_type: DataType,
        values: UInt64Builder,
    },
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    String(StringBuilder),
    Bytes(BinaryBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    List {
        element: DataType,
        items: Box<ColumnBuilder>,
        lengths: Vec<usize>,
        valid: Vec<bool>,
    },
    Map {
        data_type: DataType,
        pairs: Box<[ColumnBuilder; 2]>,
        lengths: Vec<usize>,
        valid: Vec<bool>,
    },
}

impl ColumnBuilder {
    pub(super) fn new(data_type: &DataType) -> ColumnBuilder {
        match data_type {
            DataType::Bool => ColumnBuilder::Bool(BooleanBuilder::new()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date => {
                ColumnBuilder::Signed { data_type: data_type.clone(), values: Int64Builder::new() }
            }
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
                ColumnBuilder::Unsigned {
                    data_type: data_type.clone(),
                    values: UInt64Builder::new(),
                }
            }
            DataType::Float32 => ColumnBuilder::Float32(Float32Builder::new()),
            DataType::Float64 => ColumnBuilder::Float64(Float64Builder::new()),
            DataType::Decimal { .. } => {
                let builder = Decimal128Builder::new();
                ColumnBuilder::Decimal(builder.with_data_type(arrow_type(data_type)))
            }
            DataType::String => ColumnBuilder::String(StringBuilder::new()),
            DataType::Bytes => ColumnBuilder::Bytes(BinaryBuilder::new()),
            DataType::Timestamp => {
                let builder = TimestampMicrosecondBuilder::new();
                ColumnBuilder::Timestamp(builder.with_data_type(arrow_type(&DataType::Timestamp)))
            }
            DataType::List(element) => ColumnBuilder::List {
                element: (**element).clone(),
                items: Box::new(ColumnBuilder::new(element)),
                lengths: Vec::new(),
                valid: Vec::new(),
            },
            DataType::Map(types) => ColumnBuilder::Map {
                data_type: data_type.clone(),
                pairs: Box::new([ColumnBuilder::new(&types.0), ColumnBuilder::new(&types.1)]),
                lengths: Vec::new(),
                valid: Vec::new(),
            },
        }
    }

    /// Appends `cell`; a cell of another type than the column's becomes null.
    pub(super) fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (ColumnBuilder::Bool(builder), Cell::Bool(value)) => builder.append_value(*value),
            (ColumnBuilder::Signed { values, .. }, Cell::Int(value)) => values.append_value(*value),
            (ColumnBuilder::Unsigned { values, .. }, Cell::Unsigned(value)) => {
                values.append_value(*value);
            }
            (ColumnBuilder::Decimal(builder), Cell::Decimal(digits)) => {
                builder.append_value(*digits);
            }
            (ColumnBuilder::Float32(builder), Cell::Float32(value)) => {
                builder.append_value(canonical_f32(*value));
            }
            (ColumnBuilder::Float64(builder), Cell::Float64(value)) => {
                builder.append_value(canonical_f64(*value));
            }
            (ColumnBuilder::String(builder), Cell::Text(value)) => builder.append_value(value),
            (ColumnBuilder::Bytes(builder), Cell::Bytes(value)) => builder.append_value(value),
            (ColumnBuilder::Timestamp(builder), Cell::Int(value)) => builder.append_value(*value),
            (ColumnBuilder::List { items, lengths, valid, .. }, Cell::List(cells)) => {
                cells.iter().for_each(|cell| items.push(cell));
                lengths.push(cells.len());
                valid.push(true);
            }
            (ColumnBuilder::Map { pairs, lengths, valid, .. }, Cell::Map(cells)) => {
                for (key, value) in cells {
                    pairs[0].push(key);
                    pairs[1].push(value);
                }
                lengths.push(cells.len());
                valid.push(true);
            }
            (builder, cell) => {
                debug_assert_eq!(*cell, Cell::Null, "a decoder checks its cells");
                builder.push_null();
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            ColumnBuilder::Bool(builder) => builder.append_null(),
            ColumnBuilder::Signed { values, .. } => values.append_null(),
            ColumnBuilder::Unsigned { values, .. } => values.append_null(),
            ColumnBuilder::Decimal(builder) => builder.append_null(),
            ColumnBuilder::Bytes(builder) => builder.append_null(),
            ColumnBuilder::Float32(builder) => builder.append_null(),
            ColumnBuilder::Float64(builder) => builder.append_null(),
            ColumnBuilder::String(builder) => builder.append_null(),
            ColumnBuilder::Timestamp(builder) => builder.append_null(),
            ColumnBuilder::List { lengths, valid, .. }
            | ColumnBuilder::Map { lengths, valid, .. } => {
                lengths.push(0);
                valid.push(false);
            }
        }
    }

    /// Returns the column so far and empties the builder.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            ColumnBuilder::Bool(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Signed { data_type, values } => signed(values.finish(), data_type),
            ColumnBuilder::Unsigned { data_type, values } => unsigned(values.finish(), data_type),
            ColumnBuilder::Decimal(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Bytes(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Float32(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Float64(builder) => Arc::new(builder.finish()),
            ColumnBuilder::String(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Timestamp(builder) => Arc::new(builder.finish()),
            ColumnBuilder::List { element, items, lengths, valid } => {
                let field = Arc::new(Field::new("item", arrow_type(element), true));
                let offsets = OffsetBuffer::from_lengths(lengths.drain(..));
                let nulls = NullBuffer::from(std::mem::take(valid));
                let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
                Arc::new(ListArray::new(field, offsets, items.finish(), nulls))
            }
            ColumnBuilder::Map { data_type, pairs, lengths, valid } => {
                let offsets = OffsetBuffer::from_lengths(lengths.drain(..));
                let nulls = NullBuffer::from(std::mem::take(valid));
                let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
                let [keys, values] = &mut **pairs;
                Arc::new(map_array(data_type, offsets, [keys.finish(), values.finish()], nulls))
            }
        }
    }
}

/// The values as an array of this type, of whose range each of them is.
fn signed(values: Int64Array, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Int8 => Arc::new(values.unary::<_, Int8Type>(|value| value as i8)),
        DataType::Int16 => Arc::new(values.unary::<_, Int16Type>(|value| value as i16)),
        DataType::Int32 => Arc::new(values.unary::<_, Int32Type>(|value| value as i32)),
        DataType::Date => Arc::new(values.unary::<_, Date32Type>(|value| value as i32)),
        _ => Arc::new(values),
    }
}

/// The same for unsigned integers.
fn unsigned(values: UInt64Array, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::UInt8 => Arc::new(values.unary::<_, UInt8Type>(|value| value as u8)),
        DataType::UInt16 => Arc::new(values.unary::<_, UInt16Type>(|value| value as u16)),
        DataType::UInt32 => Arc::new(values.unary::<_, UInt32Type>(|value| value as u32)),
        _ => Arc::new(values),
    }
}
