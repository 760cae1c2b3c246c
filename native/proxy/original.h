// The server that stood under the name before: what a client gets where no broker answers.
#pragma once

#include "settings.h"

namespace understudy {

// As CoCreateInstance of the original would answer. REGDB_E_CLASSNOTREG where there is none.
HRESULT CreateOriginal(const ClassSettings& about, REFIID iid, void** out);

}  // namespace understudy
