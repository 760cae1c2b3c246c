// Uses the proxy DLL as a careless or hostile client would: understudy-da-proxytest.exe PROGID [local], with a broker that
// knows Ramp0 to Ramp999; local = asks for a local server, and gets the object by way of the EXE. Prints what is wrong;
// exit code 0 where all is well. With --pipe NAME it holds a named pipe: pipe.cpp.
#include <opccomn.h>
#include <olectl.h>
#include <opcda.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "../common/com/com_object.h"
#include "../common/com/com_ptr.h"
#include "../common/com/task_memory.h"
#include "../idl/opcerror.h"
#include "checks.h"

using namespace understudy;
using namespace understudy::proxytest;

namespace understudy::proxytest {
namespace {

int failures = 0;

}  // namespace

void Expect(const char* what, HRESULT got, HRESULT wanted) {
  if (got == wanted) return;
  ++failures;
  std::printf("FAILED %s: 0x%08lX instead of 0x%08lX\n", what, static_cast<unsigned long>(got), static_cast<unsigned long>(wanted));
}

void Check(const char* what, bool is_well) {
  if (is_well) return;
  ++failures;
  std::printf("FAILED %s\n", what);
}

int Failures() { return failures; }

}  // namespace understudy::proxytest

namespace {

DWORD context = CLSCTX_INPROC_SERVER;

class Callback : public ComObject<IOPCDataCallback> {
 public:
  explicit Callback(std::atomic<long>& values) : values_(values) {}
  STDMETHODIMP OnDataChange(DWORD, OPCHANDLE, HRESULT, HRESULT, DWORD count, OPCHANDLE*, VARIANT*, WORD*, FILETIME*, HRESULT*) override {
    values_ += static_cast<long>(count);
    return S_OK;
  }
  STDMETHODIMP OnReadComplete(DWORD, OPCHANDLE, HRESULT, HRESULT, DWORD, OPCHANDLE*, VARIANT*, WORD*, FILETIME*, HRESULT*) override {
    return S_OK;
  }
  STDMETHODIMP OnWriteComplete(DWORD, OPCHANDLE, HRESULT, DWORD, OPCHANDLE*, HRESULT*) override { return S_OK; }
  STDMETHODIMP OnCancelComplete(DWORD, OPCHANDLE) override { return S_OK; }

 private:
  std::atomic<long>& values_;
};

ComPtr<IOPCServer> Connect(REFCLSID clsid) {
  ComPtr<IOPCServer> server;
  Expect("CoCreateInstance", CoCreateInstance(clsid, nullptr, context, __uuidof(IOPCServer), server.OutVoid()), S_OK);
  return server;
}

struct AddedGroup {
  ComPtr<IOPCItemMgt> items;
  OPCHANDLE handle = 0;
};

AddedGroup AddGroup(IOPCServer& server, LPCWSTR name = L"") {
  AddedGroup group;
  DWORD rate = 0;
  Expect("AddGroup", server.AddGroup(name, TRUE, 50, 1, nullptr, nullptr, 0, &group.handle, &rate, __uuidof(IOPCItemMgt), group.items.OutUnknown()),
         S_OK);
  return group;
}

std::vector<OPCHANDLE> AddItems(IOPCItemMgt& group, DWORD count) {
  std::vector<std::wstring> ids;
  std::vector<OPCITEMDEF> definitions(count);
  for (DWORD index = 0; index < count; ++index) ids.push_back(L"Ramp" + std::to_wstring(index));
  for (DWORD index = 0; index < count; ++index) {
    definitions[index] = {};
    definitions[index].szItemID = ids[index].data();
    definitions[index].bActive = TRUE;
    definitions[index].hClient = index;
  }
  TaskArray<OPCITEMRESULT> results;
  TaskArray<HRESULT> errors;
  std::vector<OPCHANDLE> handles;
  Expect("AddItems", group.AddItems(count, definitions.data(), results.Out(count), errors.Out(count)), S_OK);
  for (DWORD index = 0; results && index < count; ++index) handles.push_back(results[index].hServer);
  return handles;
}

void Aggregation(REFCLSID clsid) {
  ComPtr<IClassFactory> factory;
  Expect("CoGetClassObject", CoGetClassObject(clsid, CLSCTX_INPROC_SERVER, nullptr, __uuidof(IClassFactory), factory.OutVoid()), S_OK);
  if (!factory) return;
  ComPtr<IUnknown> out;
  Expect("aggregation", factory->CreateInstance(factory.As<IUnknown>().get(), __uuidof(IUnknown), out.OutVoid()), CLASS_E_NOAGGREGATION);
  Expect("no place for the object", factory->CreateInstance(nullptr, __uuidof(IUnknown), nullptr), E_POINTER);
  Expect("an unknown interface", factory->CreateInstance(nullptr, __uuidof(IOPCShutdown), out.OutVoid()), E_NOINTERFACE);
}

void NullPointers(IOPCServer& server, IOPCItemMgt& group) {
  DWORD number = 0;
  OPCHANDLE handle = 0;
  ComPtr<IUnknown> out;
  TaskArray<HRESULT> errors;
  Expect("AddGroup null", server.AddGroup(L"x", TRUE, 1, 1, nullptr, nullptr, 0, nullptr, &number, __uuidof(IUnknown), out.Out()), E_INVALIDARG);
  Expect("AddGroup null out", server.AddGroup(L"x", TRUE, 1, 1, nullptr, nullptr, 0, &handle, &number, __uuidof(IUnknown), nullptr), E_INVALIDARG);
  Expect("GetErrorString null", server.GetErrorString(E_FAIL, 0, nullptr), E_INVALIDARG);
  Expect("GetGroupByName null", server.GetGroupByName(nullptr, __uuidof(IUnknown), out.Out()), E_INVALIDARG);
  Expect("GetStatus null", server.GetStatus(nullptr), E_INVALIDARG);
  Expect("CreateGroupEnumerator null", server.CreateGroupEnumerator(OPC_ENUM_ALL, __uuidof(IUnknown), nullptr), E_INVALIDARG);
  Expect("CreateGroupEnumerator scope", server.CreateGroupEnumerator(static_cast<OPCENUMSCOPE>(99), __uuidof(IUnknown), out.Out()), E_INVALIDARG);
  Expect("QueryInterface null", server.QueryInterface(__uuidof(IUnknown), nullptr), E_POINTER);
  Expect("AddItems null", group.AddItems(1, nullptr, nullptr, errors.Out(0)), E_INVALIDARG);
  Expect("CreateEnumerator null", group.CreateEnumerator(__uuidof(IEnumOPCItemAttributes), nullptr), E_INVALIDARG);
  ComPtr<IOPCItemMgt> self(&group);
  Expect("GetState null", self.As<IOPCGroupStateMgt>()->GetState(&number, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), E_INVALIDARG);
  Expect("SetName null", self.As<IOPCGroupStateMgt>()->SetName(nullptr), E_INVALIDARG);
  Expect("Refresh2 null", self.As<IOPCAsyncIO2>()->Refresh2(OPC_DS_CACHE, 1, nullptr), E_INVALIDARG);
  Expect("async without a sink", self.As<IOPCAsyncIO2>()->Refresh2(OPC_DS_CACHE, 1, &number), CONNECT_E_NOCONNECTION);
  Expect("GetEnable null", self.As<IOPCAsyncIO2>()->GetEnable(nullptr), E_INVALIDARG);
  ComPtr<IConnectionPoint> point;
  const auto container = self.As<IConnectionPointContainer>();
  Expect("FindConnectionPoint unknown", container->FindConnectionPoint(__uuidof(IOPCShutdown), point.Out()), CONNECT_E_NOCONNECTION);
  Expect("FindConnectionPoint", container->FindConnectionPoint(__uuidof(IOPCDataCallback), point.Out()), S_OK);
  Expect("Advise null", point->Advise(nullptr, &number), E_POINTER);
  Expect("Advise of something else", point->Advise(&group, &number), CONNECT_E_CANNOTCONNECT);
  Expect("Unadvise unknown", point->Unadvise(4711), CONNECT_E_NOCONNECTION);
}

// Counts that the arrays do not have: the call is refused, nothing beyond the array is touched.
void WrongCounts(IOPCItemMgt& group, OPCHANDLE handle) {
  ComPtr<IOPCItemMgt> self(&group);
  const auto sync = self.As<IOPCSyncIO>();
  // At the end of a page that nothing follows.
  auto* page = static_cast<BYTE*>(VirtualAlloc(nullptr, 0x2000, MEM_RESERVE, PAGE_READWRITE));
  VirtualAlloc(page, 0x1000, MEM_COMMIT, PAGE_READWRITE);
  auto* handles = reinterpret_cast<OPCHANDLE*>(page + 0x1000 - sizeof(OPCHANDLE));
  *handles = handle;
  for (const DWORD count : {2ul, 0x10000ul, 1000001ul, 0x7FFFFFFFul, 0xFFFFFFFFul, 0ul}) {
    OPCITEMSTATE* states = nullptr;
    HRESULT* errors = nullptr;
    Expect("Read with a wrong count", sync->Read(OPC_DS_CACHE, count, handles, &states, &errors), E_INVALIDARG);
    Expect("device Read with a wrong count", sync->Read(OPC_DS_DEVICE, count, handles, &states, &errors), E_INVALIDARG);
    Expect("RemoveItems with a wrong count", group.RemoveItems(count, handles, &errors), E_INVALIDARG);
    Expect("SetActiveState with a wrong count", group.SetActiveState(count, handles, TRUE, &errors), E_INVALIDARG);
    Check("out pointers are null after an error", !states && !errors);
  }
  TaskArray<OPCITEMSTATE> states;
  TaskArray<HRESULT> errors;
  Expect("Read with the right count", sync->Read(OPC_DS_CACHE, 1, handles, states.Out(1), errors.Out(1)), S_OK);
  VirtualFree(page, 0, MEM_RELEASE);
}

void Lifetimes(REFCLSID clsid) {
  ComPtr<IOPCServer> server = Connect(clsid);
  const AddedGroup kept = AddGroup(*server.get(), L"kept");
  DWORD rate = 0;
  OPCHANDLE handle = 0;
  ComPtr<IUnknown> out;
  Expect("a name twice", server->AddGroup(L"kept", TRUE, 50, 1, nullptr, nullptr, 0, &handle, &rate, __uuidof(IUnknown), out.Out()),
         OPC_E_DUPLICATENAME);
  Expect("RemoveGroup in use", server->RemoveGroup(kept.handle, FALSE), OPC_S_INUSE);
  Expect("RemoveGroup again", server->RemoveGroup(kept.handle, FALSE), OPC_E_INVALIDHANDLE);
  const AddedGroup orphan = AddGroup(*server.get());
  const auto handles = AddItems(*orphan.items.get(), 10);
  server.Reset();
  TaskArray<HRESULT> errors;
  Expect("a group without its server", orphan.items->RemoveItems(10, const_cast<OPCHANDLE*>(handles.data()), errors.Out(10)), E_FAIL);
}

void ManyThreads(REFCLSID clsid) {
  std::atomic<long> values{0};
  const ComPtr<IOPCServer> server = Connect(clsid);
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      CoInitializeEx(nullptr, COINIT_MULTITHREADED);
      for (int round = 0; round < 10; ++round) {
        AddedGroup group = AddGroup(*server.get());
        if (!group.items) break;
        ComPtr<IConnectionPoint> point;
        group.items.As<IConnectionPointContainer>()->FindConnectionPoint(__uuidof(IOPCDataCallback), point.Out());
        const auto sink = ComPtr<Callback>::Adopt(new Callback(values));
        DWORD cookie = 0;
        Expect("Advise", point->Advise(sink.get(), &cookie), S_OK);
        std::vector<OPCHANDLE> handles = AddItems(*group.items.get(), 100);
        const auto sync = group.items.As<IOPCSyncIO>();
        for (int read = 0; read < 50; ++read) {
          const auto count = static_cast<DWORD>(handles.size());
          TaskArray<OPCITEMSTATE> states;
          TaskArray<HRESULT> errors;
          Expect("Read", sync->Read(read % 10 == 0 ? OPC_DS_DEVICE : OPC_DS_CACHE, count, handles.data(), states.Out(count), errors.Out(count)), S_OK);
        }
        point->Unadvise(cookie);
        Expect("RemoveGroup by force", server->RemoveGroup(group.handle, TRUE), S_OK);
      }
      CoUninitialize();
    });
  }
  for (auto& thread : threads) thread.join();
  Check("callbacks came", values > 0);
}

// A pointer from a single-threaded apartment works in another thread as it is.
void OtherApartment(REFCLSID clsid) {
  std::thread([&] {
    CoInitializeEx(nullptr, COINIT_APARTMENTTHREADED);
    {
      const ComPtr<IOPCServer> server = Connect(clsid);
      std::thread([&] {
        CoInitializeEx(nullptr, COINIT_MULTITHREADED);
        OPCSERVERSTATUS* status = nullptr;
        Expect("GetStatus from another apartment", server->GetStatus(&status), S_OK);
        if (status) CoTaskMemFree(status->szVendorInfo);
        CoTaskMemFree(status);
        CoUninitialize();
      }).join();
    }
    CoUninitialize();
  }).join();
}

// What is left behind by clients that come and go.
void Leaks(REFCLSID clsid) {
  DWORD before = 0;
  for (int round = 0; round < 30; ++round) {
    {
      const ComPtr<IOPCServer> server = Connect(clsid);
      const AddedGroup group = AddGroup(*server.get());
      AddItems(*group.items.get(), 100);
    }
    if (round != 9) continue;
    Sleep(500);
    GetProcessHandleCount(GetCurrentProcess(), &before);
  }
  DWORD after = 0;
  for (int wait = 0; wait < 50; ++wait) {
    GetProcessHandleCount(GetCurrentProcess(), &after);
    if (after <= before + 5) return;
    Sleep(100);
  }
  std::printf("%lu handles, then %lu\n", before, after);
  Check("handles leak", false);
}

using CanUnload = HRESULT(STDAPICALLTYPE*)();

}  // namespace

extern "C" int wmain(int count, wchar_t** arguments) {
  if (count == 3 && std::wstring(arguments[1]) == L"--pipe") return ServePipe(arguments[2]);
  CLSID clsid;
  if (count < 2 || FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED)) || FAILED(CLSIDFromProgID(arguments[1], &clsid))) return 2;
  const bool is_local = count > 2 && std::wstring(arguments[2]) == L"local";
  if (is_local) context = CLSCTX_LOCAL_SERVER;
  Aggregation(clsid);
  if (is_local) Marshaling(clsid);
  AlteredPassports(clsid);
  {
    const ComPtr<IOPCServer> server = Connect(clsid);
    if (!server) return 1;
    const AddedGroup group = AddGroup(*server.get());
    const auto handles = AddItems(*group.items.get(), 10);
    NullPointers(*server.get(), *group.items.get());
    WrongCounts(*group.items.get(), handles[0]);
  }
  Lifetimes(clsid);
  ManyThreads(clsid);
  OtherApartment(clsid);
  Leaks(clsid);
  const auto can_unload =
      reinterpret_cast<CanUnload>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"understudy-da-proxy.dll"), "DllCanUnloadNow")));
  HRESULT result = S_FALSE;
  for (int wait = 0; can_unload && result != S_OK && wait < 50; ++wait) {
    result = can_unload();
    if (result != S_OK) Sleep(100);
  }
  Expect("DllCanUnloadNow after all is released", result, S_OK);
  std::printf(Failures() == 0 ? "all is well\n" : "%d failures\n", Failures());
  std::fflush(stdout);
  return Failures() == 0 ? 0 : 1;
}
