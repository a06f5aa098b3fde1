"""BART's network in PyTorch's DistributedDataParallel over gloo: a process per computer, with one thread."""
import os

import torch
import torch.distributed as dist

from common import answer, job, median_seconds
from on_pytorch import Mode


def main():
    task = job()
    rank, size = task["rank"], task["size"]
    os.environ.update(MASTER_ADDR=task["master"], MASTER_PORT="29543", GLOO_SOCKET_IFNAME=task["interface"])
    mode = Mode(task["mode"], 42, 1)
    if size > 1:
        dist.init_process_group("gloo", rank=rank, world_size=size)
        mode.call = torch.nn.parallel.DistributedDataParallel(mode.model, gradient_as_bucket_view=True)
    x = mode.input(torch.rand(task["batch"], 3, 128, 128, generator=torch.Generator().manual_seed(rank)))
    y = torch.randint(42, (task["batch"],), generator=torch.Generator().manual_seed(rank))
    seconds = median_seconds(lambda: mode.step(x, y), task["rounds"])
    if rank == 0:
        answer(seconds=seconds)
    if size > 1:
        dist.barrier()
        dist.destroy_process_group()


main()
