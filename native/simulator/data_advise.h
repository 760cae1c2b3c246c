// DA 1.0: data go to IAdviseSink::OnDataChange as one block of memory (OPCGROUPHEADER, item headers, VARIANTs).
#pragma once

#include <objidl.h>
#include <opcda.h>

#include <mutex>
#include <vector>

#include "../common/com/com_ptr.h"

namespace understudy::simulator {

struct Rows;

class DataAdvise {
 public:
  // Which of the three clipboard formats of OPC DA 1.0 a connection takes.
  enum class Format { kData, kDataTime, kWriteComplete };

  HRESULT Advise(const FORMATETC& format, IAdviseSink* sink, DWORD* connection);
  HRESULT Unadvise(DWORD connection);
  bool empty() const;
  // Whether the connection exists and takes data (`write` false) or write completions.
  bool Takes(DWORD connection, bool write) const;
  void Clear();

  // `connection` 0 = all that take data.
  void SendData(OPCHANDLE client_group, DWORD transaction, HRESULT status, const Rows& rows, DWORD connection = 0);
  void SendWriteComplete(DWORD connection, OPCHANDLE client_group, DWORD transaction,
                         const std::vector<OPCHANDLE>& handles, const std::vector<HRESULT>& errors);

 private:
  struct Entry {
    DWORD connection;
    Format format;
    ComPtr<IAdviseSink> sink;
  };
  std::vector<Entry> Snapshot() const;
  void Send(const Entry& entry, HGLOBAL memory) const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  DWORD last_ = 0;
};

}  // namespace understudy::simulator
