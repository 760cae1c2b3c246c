// DA 1.0 callbacks: a block of memory to IAdviseSink.
#pragma once

#include <objidl.h>

#include <optional>

#include "sinks.h"

namespace understudy {

struct Batch;

// Which of the three formats of DA 1.0 a client asks for; nothing where it is none of them.
std::optional<DWORD> AdviseFormat(const FORMATETC& format);
bool IsWriteFormat(DWORD format);

// False where a client turned out to be gone.
bool TellAdviseSinks(Sinks<IAdviseSink>& sinks, const Batch& batch);

}  // namespace understudy
