// What an administrator should know goes to the event log of Windows, source "Understudy".
#pragma once

#include <string>

namespace understudy {

enum class Severity { kError, kWarning, kInformation };

void Report(Severity severity, const std::wstring& text);

}  // namespace understudy
