// Texts of HRESULTs, for GetErrorString.
#pragma once

#include <string>

#include "../../idl/opcerror.h"

namespace understudy {

// Empty where nothing is known of the code.
std::wstring ErrorText(HRESULT error);

}  // namespace understudy
