// The program that the service runs, with its standard input and output.
#pragma once

#include <windows.h>

#include <functional>
#include <string>

namespace understudy::service {

class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /** Starts a command line; it and all that it starts end with this process. ERROR_SUCCESS or why not. */
  DWORD Start(const std::wstring& command);
  /** Writes a line to its standard input. A child that has gone does not matter. */
  void Tell(const char* line);
  /** Reads its standard output line by line until it is closed. */
  void ReadUntilEnd(const std::function<void(const std::string&)>& on_line);
  /** Ends it and all that it has started. */
  void End();
  /** Of a child that has ended. */
  DWORD ExitCode() const;
  HANDLE process() const { return process_; }

 private:
  HANDLE job_ = nullptr;
  HANDLE process_ = nullptr;
  HANDLE input_ = nullptr;
  HANDLE output_ = nullptr;
};

}  // namespace understudy::service
