import { useEffect, useRef } from "react";
import uPlot from "uplot";

export type PlotOptions = Omit<uPlot.Options, "width" | "height">;

type PlotProps = {
  /** Everything but the size. A new object draws the plot anew; new data alone does not. */
  readonly options: PlotOptions;
  readonly data: uPlot.AlignedData;
  readonly className: string | undefined;
};

/** uPlot in a box: as large as the box, whatever that comes to. */
export function Plot({ options, data, className }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const created = new uPlot({ ...options, ...size() }, latest.current, element);
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [options]);

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);

  return <div ref={box} className={className} />;
}
