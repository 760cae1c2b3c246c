// A DA client for tests: lines of JSON on standard input are commands, each is answered by one line on standard output;
// what the server calls comes as lines with "event". Options: --sta for a single-threaded apartment.
#include <windows.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "session.h"

namespace understudy::testclient {
namespace {

class Output {
 public:
  void Line(const std::string& line) {
    std::lock_guard lock(mutex_);
    const std::string text = line + "\n";
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
  }

 private:
  std::mutex mutex_;
};

// Lines of standard input, read by a thread of their own so that an apartment can pump meanwhile.
class Input {
 public:
  Input() : available_(CreateEventW(nullptr, FALSE, FALSE, nullptr)) {
    std::thread([this] { Read(); }).detach();
  }

  HANDLE available() const { return available_; }
  // False where there is none now; `ended` where there will be none.
  bool Next(std::string& line, bool& ended) {
    std::lock_guard lock(mutex_);
    ended = ended_ && lines_.empty();
    if (lines_.empty()) return false;
    line = std::move(lines_.front());
    lines_.pop_front();
    return true;
  }

 private:
  void Read() {
    std::string pending;
    char buffer[4096];
    DWORD size = 0;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), buffer, sizeof buffer, &size, nullptr) && size > 0) {
      pending.append(buffer, size);
      for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
        std::lock_guard lock(mutex_);
        lines_.push_back(pending.substr(0, end));
      }
      SetEvent(available_);
    }
    std::lock_guard lock(mutex_);
    ended_ = true;
    SetEvent(available_);
  }

  const HANDLE available_;
  std::mutex mutex_;
  std::deque<std::string> lines_;
  bool ended_ = false;
};

// Whether the proxy's DLL holds nothing any more; S_OK also where it is not loaded.
HRESULT CanUnloadProxy() {
  const HMODULE module = GetModuleHandleW(L"understudy-da-proxy.dll");
  using CanUnload = HRESULT(STDAPICALLTYPE*)();
  const auto ask = module ? reinterpret_cast<CanUnload>(reinterpret_cast<void*>(GetProcAddress(module, "DllCanUnloadNow"))) : nullptr;
  return ask ? ask() : S_OK;
}

HRESULT Perform(Session& session, const json::Object& command, json::Writer& answer) {
  const std::string name = command.Text("command");
  if (name == "connect") return session.Connect(command, answer);
  if (name == "status") return session.Status(answer);
  if (name == "subscribe") return session.Subscribe(command, answer);
  if (name == "stats") return session.Stats(command, answer);
  if (name == "read") return session.Read(command, answer);
  if (name == "write") return session.Write(command, answer);
  if (name == "asyncRead") return session.AsyncRead(command, answer);
  if (name == "asyncWrite") return session.AsyncWrite(command, answer);
  if (name == "refresh") return session.Refresh(command, answer);
  if (name == "cancel") return session.Cancel(command);
  if (name == "da1Read") return session.Da1Read(command, answer);
  if (name == "da1Write") return session.Da1Write(command, answer);
  if (name == "da1Refresh") return session.Da1Refresh(answer);
  if (name == "setGroup") return session.SetGroup(command, answer);
  if (name == "browse") return session.Browse(command, answer);
  if (name == "attributes") return session.Attributes(answer);
  if (name == "errors") return session.Errors(answer);
  if (name == "removeGroup") return session.RemoveGroup();
  if (name == "canUnload") return CanUnloadProxy();
  // As programs end that release nothing.
  if (name == "abandon") ExitProcess(0);
  if (name == "disconnect") {
    session.Disconnect();
    return S_OK;
  }
  return E_NOTIMPL;
}

void Answer(Session& session, Output& output, const std::string& line) {
  const auto command = json::Object::Parse(line);
  if (!command) return output.Line("{\"error\":\"no flat JSON object\"}");
  json::Writer answer;
  answer.Number("id", command->Number("id"));
  const HRESULT result = Perform(session, *command, answer);
  output.Line(answer.Text("result", HexOf(result)).Finish());
}

// Waits for a command; a single-threaded apartment dispatches calls meanwhile.
void WaitForInput(Input& input, bool single_threaded) {
  if (!single_threaded) {
    WaitForSingleObject(input.available(), INFINITE);
    return;
  }
  HANDLE event = input.available();
  while (MsgWaitForMultipleObjects(1, &event, FALSE, INFINITE, QS_ALLINPUT) == WAIT_OBJECT_0 + 1) {
    MSG message;
    while (PeekMessageW(&message, nullptr, 0, 0, PM_REMOVE)) {
      TranslateMessage(&message);
      DispatchMessageW(&message);
    }
  }
}

}  // namespace
}  // namespace understudy::testclient

extern "C" int wmain(int count, wchar_t** arguments) {
  using namespace understudy::testclient;
  const bool single_threaded = count > 1 && std::wstring(arguments[1]) == L"--sta";
  if (FAILED(CoInitializeEx(nullptr, single_threaded ? COINIT_APARTMENTTHREADED : COINIT_MULTITHREADED))) return 1;
  Output output;
  Input input;
  {
    Session session([&output](const std::string& line) { output.Line(line); });
    output.Line("{\"event\":\"ready\"}");
    for (;;) {
      std::string line;
      bool ended = false;
      if (input.Next(line, ended)) {
        if (line.find_first_not_of(" \r\t") == std::string::npos) continue;
        if (line.find("\"exit\"") != std::string::npos) break;
        Answer(session, output, line);
      } else if (ended) {
        break;
      } else {
        WaitForInput(input, single_threaded);
      }
    }
  }
  // Without waiting for calls that never return.
  ExitProcess(0);
}
