// The program that the service runs: a job object holds it and its helpers together.
#include "child.h"

namespace understudy::service {

namespace {

void Close(HANDLE& handle) {
  if (handle) CloseHandle(handle);
  handle = nullptr;
}

/** A pipe of which only the child's end is inherited. */
bool MakePipe(HANDLE& ours, HANDLE& theirs, bool ours_reads) {
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, nullptr, TRUE};
  HANDLE read = nullptr;
  HANDLE write = nullptr;
  if (!CreatePipe(&read, &write, &inherited, 0)) return false;
  ours = ours_reads ? read : write;
  theirs = ours_reads ? write : read;
  return SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0) != 0;
}

}  // namespace

Child::~Child() {
  Close(input_);
  Close(output_);
  Close(process_);
  Close(job_);
}

DWORD Child::Start(const std::wstring& command) {
  HANDLE their_input = nullptr;
  HANDLE their_output = nullptr;
  if (!MakePipe(input_, their_input, false) || !MakePipe(output_, their_output, true)) return GetLastError();
  job_ = CreateJobObjectW(nullptr, nullptr);
  if (job_) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job_, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  }
  // The broker takes lines of its standard input for what the service is asked.
  SetEnvironmentVariableW(L"UNDERSTUDY_SERVICE_HOST", L"stdin");
  STARTUPINFOW startup = {};
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = their_input;
  startup.hStdOutput = their_output;
  // Events are in the log file of the state directory.
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, nullptr, TRUE};
  HANDLE nowhere = CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, nullptr);
  startup.hStdError = nowhere;
  PROCESS_INFORMATION started = {};
  std::wstring line = command;
  DWORD error = ERROR_SUCCESS;
  if (CreateProcessW(nullptr, line.data(), nullptr, nullptr, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED, nullptr, nullptr,
                     &startup, &started)) {
    process_ = started.hProcess;
    if (job_) AssignProcessToJobObject(job_, process_);
    ResumeThread(started.hThread);
    CloseHandle(started.hThread);
  } else {
    error = GetLastError();
  }
  Close(their_input);
  Close(their_output);
  if (nowhere != INVALID_HANDLE_VALUE) CloseHandle(nowhere);
  return error;
}

void Child::Tell(const char* line) {
  const std::string text = std::string(line) + "\r\n";
  DWORD written = 0;
  WriteFile(input_, text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
}

void Child::ReadUntilEnd(const std::function<void(const std::string&)>& on_line) {
  constexpr size_t kLongestLine = 1 << 20;
  std::string pending;
  char buffer[4096];
  DWORD count = 0;
  while (ReadFile(output_, buffer, sizeof buffer, &count, nullptr) && count > 0) {
    pending.append(buffer, count);
    for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      on_line(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
    if (pending.size() > kLongestLine) pending.clear();
  }
}

void Child::End() {
  if (job_) TerminateJobObject(job_, 1);
  else if (process_) TerminateProcess(process_, 1);
  if (process_) WaitForSingleObject(process_, 5000);
}

DWORD Child::ExitCode() const {
  DWORD code = 1;
  GetExitCodeProcess(process_, &code);
  return code;
}

}  // namespace understudy::service
