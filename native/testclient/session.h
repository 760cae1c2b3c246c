// One client connection: a server object, one group and its items, driven by commands.
#pragma once

#include <map>

#include "../common/com/com_ptr.h"
#include "sinks.h"

namespace understudy::testclient {

using Emit = std::function<void(const std::string& line)>;

class Session {
 public:
  explicit Session(Emit emit) : emit_(std::move(emit)) {}
  ~Session() { Disconnect(); }

  // Each fills in what it found and returns the HRESULT of its call.
  HRESULT Connect(const json::Object& command, json::Writer& answer);
  HRESULT Status(json::Writer& answer);
  HRESULT Subscribe(const json::Object& command, json::Writer& answer);
  HRESULT Stats(const json::Object& command, json::Writer& answer);
  HRESULT Read(const json::Object& command, json::Writer& answer);
  HRESULT Write(const json::Object& command, json::Writer& answer);
  HRESULT AsyncRead(const json::Object& command, json::Writer& answer);
  HRESULT AsyncWrite(const json::Object& command, json::Writer& answer);
  HRESULT Refresh(const json::Object& command, json::Writer& answer);
  HRESULT Cancel(const json::Object& command);
  // The asynchronous calls of DA 1.0, after "subscribe" with "via":"da1".
  HRESULT Da1Read(const json::Object& command, json::Writer& answer);
  HRESULT Da1Write(const json::Object& command, json::Writer& answer);
  HRESULT Da1Refresh(json::Writer& answer);
  HRESULT SetGroup(const json::Object& command, json::Writer& answer);
  HRESULT Browse(const json::Object& command, json::Writer& answer);
  HRESULT Errors(json::Writer& answer);
  HRESULT Attributes(json::Writer& answer);
  HRESULT RemoveGroup();
  void Disconnect();

 private:
  HRESULT Advise(const std::string& via);
  void OnCompletion(const Completion& completion);

  const Emit emit_;
  ComPtr<IOPCServer> server_;
  ComPtr<IOPCItemMgt> group_;
  ComPtr<IConnectionPoint> data_point_;
  ComPtr<IConnectionPoint> shutdown_point_;
  ComPtr<IDataObject> data_object_;
  DWORD data_cookie_ = 0;
  DWORD shutdown_cookie_ = 0;
  DWORD advise_connection_ = 0;
  DWORD write_connection_ = 0;
  OPCHANDLE group_handle_ = 0;
  std::vector<OPCHANDLE> handles_;
  std::map<std::wstring, OPCHANDLE> by_id_;
  std::shared_ptr<Tally> tally_;
  DWORD last_transaction_ = 0;
};

// 0x-prefixed, eight digits.
std::string HexOf(HRESULT result);
// The value of a VARIANT as JSON.
std::string JsonOf(const VARIANT& value);

}  // namespace understudy::testclient
