// What keeps the DLL loaded or the EXE running.
#pragma once

#include <windows.h>

#include <functional>

namespace understudy {

class Module {
 public:
  // Objects and locks that clients hold.
  static void AddRef();
  static void Release();
  static long Count();
  // The EXE wants to know about the first and the last one; set before any object is made.
  static void OnCount(void (*added)(), void (*released)());
  // Whether this is the EXE: clients are other processes.
  static bool IsProgram();
  // A thread that keeps this module loaded until it has ended. False where none could be made.
  static bool StartThread(std::function<void()> body);
  static long Threads();
};

// A member of every object that a client can hold.
class ModuleReference {
 public:
  ModuleReference() { Module::AddRef(); }
  ModuleReference(const ModuleReference&) : ModuleReference() {}
  ModuleReference& operator=(const ModuleReference&) = default;
  ~ModuleReference() { Module::Release(); }
};

}  // namespace understudy
