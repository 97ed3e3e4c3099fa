declare module "plotly.js-cartesian-dist-min" {
  const plotly: {
    newPlot: (element: HTMLElement, data: unknown[], layout: unknown, config: unknown) => Promise<unknown>;
    purge: (element: HTMLElement) => void;
  };
  export default plotly;
}
