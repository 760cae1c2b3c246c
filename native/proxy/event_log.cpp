#include "event_log.h"

#include <windows.h>

namespace understudy {

void Report(Severity severity, const std::wstring& text) {
  OutputDebugStringW((L"Understudy: " + text + L"\n").c_str());
  HANDLE log = RegisterEventSourceW(nullptr, L"Understudy");
  if (!log) return;
  WORD type = EVENTLOG_INFORMATION_TYPE;
  if (severity == Severity::kError) type = EVENTLOG_ERROR_TYPE;
  if (severity == Severity::kWarning) type = EVENTLOG_WARNING_TYPE;
  LPCWSTR strings[] = {text.c_str()};
  ReportEventW(log, type, 0, 1, nullptr, 1, 0, strings, nullptr);
  DeregisterEventSource(log);
}

}  // namespace understudy
