// VARIANTs on the wire.
#pragma once

#include <windows.h>

#include <oleauto.h>

#include "../wire/value.h"

namespace understudy {

// Appends a value. OPC_E_BADTYPE, and VT_EMPTY appended, where its type does not travel.
HRESULT PutVariant(wire::ValuesWriter& writer, const VARIANT& value);

// One value with its type; as PutVariant.
HRESULT EncodeVariant(wire::Writer& writer, const VARIANT& value);

// The next of a list whose structure has been checked (Values::Decode). `out` must be empty.
HRESULT TakeVariant(wire::ValueCursor& cursor, VARIANT* out);

}  // namespace understudy
